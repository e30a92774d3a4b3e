package dev.lanewise;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The golden bits in JVMs that make something else of the kernels: without the Vector API, without
 * C2, with the instructions of older processors, with another collector.
 */
class OtherJvmsTest {
  private static final String MODULE = "--add-modules=jdk.incubator.vector";

  private static void assertGolden(String kernels, String output) {
    assertTrue(output.contains(GoldenBitsTest.GOLDEN), output);
    assertTrue(output.contains(kernels), () -> "expected " + kernels + " kernels: " + output);
  }

  @ParameterizedTest
  @CsvSource({
    "scalar, -XX:+UseParallelGC",
    "scalar, --add-modules=jdk.incubator.vector -XX:TieredStopAtLevel=1",
    "vector, --add-modules=jdk.incubator.vector -XX:+UseZGC"
  })
  void sameBits(String kernels, String options) throws Exception {
    assertGolden(kernels, ForkedJvm.run(GoldenModel.class, List.of(options.split(" "))));
  }

  /** Processors without AVX, with AVX and AVX2; other machines have no such option. */
  @ParameterizedTest
  @CsvSource({"0", "1", "2"})
  void sameBitsOnOlderProcessors(int avx) throws Exception {
    assumeTrue(
        List.of("amd64", "x86_64").contains(System.getProperty("os.arch")),
        "-XX:UseAVX is for x86 only");
    assertGolden("", ForkedJvm.run(GoldenModel.class, List.of(MODULE, "-XX:UseAVX=" + avx)));
  }

  /** Other JVMs of this release or later: their homes, as a path lists them, are given by hand. */
  @Test
  void sameBitsInOtherJvms() throws Exception {
    String homes = System.getProperty("lanewise.other.jvms", "");
    List<String> given = new ArrayList<>(Arrays.asList(homes.split(File.pathSeparator)));
    given.removeIf(String::isBlank);
    assumeTrue(!given.isEmpty(), "no other JVM: give homes by -Dlanewise.other.jvms");
    for (String home : given) {
      assertGolden("", ForkedJvm.run(Path.of(home), GoldenModel.class, List.of(MODULE)));
    }
  }
}
