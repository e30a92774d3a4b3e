package dev.lanewise.robustness;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.lanewise.ForkedJvm;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Memory that runs out in the middle of an operation: nothing is half written, neither outputs nor
 * weights, gradients or optimizers' states, and the same objects give the right bits once there is
 * memory again.
 */
class OutOfMemoryTest {
  private static final long LIMIT_BYTES = 16 << 20;

  @Test
  @Timeout(value = 10, unit = TimeUnit.MINUTES)
  void nothingIsHalfWritten() throws Exception {
    String output =
        ForkedJvm.run(
            OutOfMemoryProgram.class,
            List.of(
                "--add-modules=jdk.incubator.vector",
                "-Xmx256m",
                "-XX:MaxDirectMemorySize=" + LIMIT_BYTES),
            String.valueOf(LIMIT_BYTES));
    assertFalse(output.contains("CHANGED"), output);
    List<String> operations = output.lines().filter(line -> line.startsWith("RAN OUT ")).toList();
    assertEquals(14, operations.size(), output);
    for (String line : operations) {
      assertFalse(line.startsWith("RAN OUT 0 "), () -> "had memory enough each time: " + line);
    }
  }
}
