package dev.lanewise.jit;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A loop of x86-64 code that has no other loop in it. Of two that overlap, the shorter one is the
 * inner one: it may be entered behind its start, from behind its end, and the jumps back of loops
 * around it may stand before its own.
 *
 * @param instructions from the target of the jump backwards to the jump, or to the last of several
 */
record VectorLoop(List<String> instructions) {
  /** Such as {@code 1f: jl 0x10}: where it lies, and what it is. */
  private static final Pattern INSTRUCTION = Pattern.compile("\\s*([0-9a-f]+):\\s+(\\S.*)");

  private static final Pattern JUMP = Pattern.compile("j\\w+\\s+0x([0-9a-f]+)");
  private static final Pattern MULTIPLY_ADD = Pattern.compile("vfn?m(add|sub)\\d+p[sd]\\s.*");
  private static final Pattern VECTOR_REGISTER = Pattern.compile("%[xyz]mm\\d");
  private static final Pattern STACK = Pattern.compile("\\(%rsp[,)]");

  /** All such loops in what {@code objdump -D --no-show-raw-insn} writes, from first to last. */
  static List<VectorLoop> in(String listing) {
    List<String> code = new ArrayList<>();
    Map<String, Integer> places = new HashMap<>();
    NavigableMap<Integer, Integer> ends = new TreeMap<>();
    for (Matcher line :
        listing.lines().map(INSTRUCTION::matcher).filter(Matcher::matches).toList()) {
      places.put(line.group(1), code.size());
      Matcher jump = JUMP.matcher(line.group(2));
      if (jump.matches() && places.containsKey(jump.group(1))) {
        ends.put(places.get(jump.group(1)), code.size());
      }
      code.add(line.group(2));
    }
    List<VectorLoop> loops = new ArrayList<>();
    ends.forEach((start, end) -> {
      boolean outer =
          ends.entrySet().stream()
              .filter(other -> other.getValue() - other.getKey() < end - start)
              .anyMatch(shorter -> shorter.getKey() <= end && shorter.getValue() >= start);
      if (!outer) {
        loops.add(new VectorLoop(List.copyOf(code.subList(start, end + 1))));
      }
    });
    return loops;
  }

  /** How many of its instructions multiply and add vectors. */
  long multiplyAdds() {
    return instructions.stream().filter(MULTIPLY_ADD.asMatchPredicate()).count();
  }

  /**
   * The instructions that have a vector register and a place on the stack: what found no register,
   * on its way there or back. The stack is what {@code rsp} points at: C2 keeps no frame pointer,
   * and {@code rbp} is a register like any other to it.
   */
  List<String> spills() {
    return instructions.stream()
        .filter(VECTOR_REGISTER.asPredicate().and(STACK.asPredicate()))
        .toList();
  }
}
