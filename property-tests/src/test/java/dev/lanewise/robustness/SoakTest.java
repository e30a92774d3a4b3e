package dev.lanewise.robustness;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lanewise.ForkedJvm;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Native memory over a long time: after twice and three times as many rounds of training, planning
 * and opening tables as many bytes are held, in as many pieces, by the JVM's own count. The first
 * third is for scratch memory to be made.
 */
class SoakTest {
  private static final int ROUNDS = Integer.getInteger("lanewise.soak.rounds", 120);

  @Test
  @Timeout(value = 60, unit = TimeUnit.MINUTES)
  void nativeMemoryIsFlat(@TempDir Path folder) throws Exception {
    String output =
        ForkedJvm.run(
            SoakProgram.class,
            List.of(
                "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-XX:NativeMemoryTracking=summary",
                "-Xmx256m"),
            folder.toString(),
            String.valueOf(ROUNDS));
    List<String> settled = output.lines().filter(line -> line.startsWith("SETTLED ")).toList();
    assertEquals(3, settled.size(), output);
    assertEquals(settled.get(1), settled.get(2), output);
    System.out.println(ROUNDS + " rounds: " + settled);
  }
}
