package dev.lanewise.jit;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

/** What {@link SpillTest} looks for is found in code that C2 has made. */
class VectorLoopTest {
  /**
   * From the code of a tile of two rows and two vectors, with more loops around than it had: the
   * first loop has two jumps to its start, the last is around another.
   */
  private static final String LISTING =
      """

      code:     file format binary


      Disassembly of section .data:

      0000000000000000 <.data>:
           0:\tsub    $0x28,%rsp
           4:\tvmovups %zmm1,(%rsp)
           b:\tvbroadcastss (%r8),%zmm0
          11:\tvfmadd231ps (%r9),%zmm0,%zmm16
          17:\tcmp    0x7a4(%rsp),%r10d
          1f:\tjl     0xb
          21:\tvfmadd231ps %zmm17,%zmm0,%zmm8
          27:\tvmovdqu64 0x7d0(%rsp),%zmm0
          32:\tvfnmadd213pd %ymm17,%ymm20,%ymm0
          38:\tvmovss %xmm3,0x10(%rsp,%rax,4)
          3e:\tjmp    0xb
          40:\tvmovups (%rbp),%ymm2
          45:\tvmovups 0x8d0(%rsp),%ymm3
          4e:\tvfmadd231sd %xmm6,%xmm20,%xmm14
          54:\tja     0x4e
          56:\tjne    0x40
          58:\tret
      """;

  @Test
  void innermostLoopsAreFoundWithTheirMultiplyAddsAndSpills() {
    List<VectorLoop> loops = VectorLoop.in(LISTING);

    assertEquals(
        List.of("vbroadcastss (%r8),%zmm0", "vfmadd231sd %xmm6,%xmm20,%xmm14"),
        loops.stream().map(loop -> loop.instructions().getFirst()).toList());
    assertEquals(
        List.of("jmp    0xb", "ja     0x4e"),
        loops.stream().map(loop -> loop.instructions().getLast()).toList());
    assertEquals(List.of(3L, 0L), loops.stream().map(VectorLoop::multiplyAdds).toList());
    assertEquals(
        List.of(
            List.of("vmovdqu64 0x7d0(%rsp),%zmm0", "vmovss %xmm3,0x10(%rsp,%rax,4)"), List.of()),
        loops.stream().map(VectorLoop::spills).toList());
  }

  /** What is around a loop jumps to where that is entered, which need not be where it starts. */
  @Test
  void whatEntersALoopBehindItsStartIsAroundIt() {
    List<VectorLoop> loops =
        VectorLoop.in(
            """
               0:\tadd    %r11,%rdx
               3:\tvmovups (%rdx),%zmm1
               9:\tvfmadd231ps %zmm1,%zmm0,%zmm8
               f:\tjl     0x0
              11:\tvmovss %xmm6,0x320(%rsp)
              1a:\tjmp    0x3
            """);

    assertEquals(
        List.of("add    %r11,%rdx"),
        loops.stream().map(loop -> loop.instructions().getFirst()).toList());
    assertEquals(List.of(List.of()), loops.stream().map(VectorLoop::spills).toList());
  }

  /** C2 may lay the jumps of two loops around before that of the loop itself. */
  @Test
  void jumpsOfLoopsAroundMayStandInALoop() {
    List<VectorLoop> loops =
        VectorLoop.in(
            """
               0:\tvmovups %zmm8,0x40(%rsp)
               6:\tmov    0x44c(%rsp),%edi
               a:\tsub    %r11d,%edi
               d:\tvmovups (%rdx),%zmm1
              13:\tvfmadd231ps %zmm1,%zmm0,%zmm8
              19:\tjl     0x26
              1b:\tcmp    0x44c(%rsp),%r11d
              1f:\tjge    0x0
              21:\tjmp    0x6
              26:\tjmp    0xd
            """);

    assertEquals(
        List.of("vmovups (%rdx),%zmm1"),
        loops.stream().map(loop -> loop.instructions().getFirst()).toList());
    assertEquals(List.of(1L), loops.stream().map(VectorLoop::multiplyAdds).toList());
    assertEquals(List.of(List.of()), loops.stream().map(VectorLoop::spills).toList());
  }
}
