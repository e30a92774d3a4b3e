package dev.lanewise.internal.kernel.vector;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What is read of the processor, and what follows from it. */
class ProcessorTest {
  private static Processor of(String... lines) {
    return Processor.of(Stream.of(lines));
  }

  @Test
  void theFirstProcessorCounts() {
    Processor processor =
        of(
            "processor\t: 0",
            "vendor_id\t: AuthenticAMD",
            "cpu family\t: 25",
            "power management:",
            "",
            "vendor_id\t: GenuineIntel",
            "cpu family\t: 6");
    assertEquals(new Processor("AuthenticAMD", "25"), processor);
  }

  @Test
  void zen4MultipliesOneWidestVectorAtATime() {
    assertFalse(new Processor("AuthenticAMD", "25").multipliesTwoWidest());
    assertTrue(new Processor("AuthenticAMD", "26").multipliesTwoWidest());
    assertTrue(new Processor("GenuineIntel", "25").multipliesTwoWidest());
  }

  @Test
  void whatSaysNothingIsUnknown() {
    assertEquals(new Processor("", ""), of());
    assertEquals(new Processor("", ""), of("CPU implementer\t: 0x41", "Features"));
    assertTrue(of().multipliesTwoWidest());
  }
}
