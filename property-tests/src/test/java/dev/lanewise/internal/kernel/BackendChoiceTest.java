package dev.lanewise.internal.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The table by which a JVM gets its backend. */
class BackendChoiceTest {
  private static final String HOTSPOT = "OpenJDK 64-Bit Server VM";

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        // forced | VM name | VM info | module | vector | expected | reason contains
        "''     | OpenJDK 64-Bit Server VM | mixed mode, sharing                  | true  | true  | true  | C2",
        "''     | OpenJDK 64-Bit Server VM | mixed mode                           | true  | true  | true  | OpenJDK 64-Bit Server VM",
        "''     | OpenJDK 64-Bit Server VM | mixed mode, sharing                  | false | false | false | --add-modules jdk.incubator.vector",
        "''     | OpenJDK 64-Bit Server VM | interpreted mode, sharing            | true  | false | false | only interprets",
        "''     | OpenJDK 64-Bit Server VM | mixed mode, emulated-client, sharing | true  | false | false | no C2",
        "''     | OpenJDK 64-Bit Server VM | mixed mode, sharing, jvmci compiler  | true  | false | false | not known to be fast",
        "''     | Eclipse OpenJ9 VM        | JRE 25                               | true  | false | false | Eclipse OpenJ9 VM",
        "''     | OpenJDK 64-Bit Client VM | mixed mode                           | true  | false | false | Client",
        "scalar | OpenJDK 64-Bit Server VM | mixed mode, sharing                  | true  | false | true  | =scalar",
        "scalar | OpenJDK 64-Bit Server VM | mixed mode, sharing                  | false | false | true  | =scalar",
        "vector | Eclipse OpenJ9 VM        | JRE 25                               | true  | true  | true  | =vector",
        "vector | OpenJDK 64-Bit Server VM | interpreted mode                     | true  | true  | true  | =vector",
      })
  void chooses(
      String forced,
      String name,
      String info,
      boolean module,
      boolean vector,
      boolean expected,
      String reason) {
    BackendChoice choice =
        BackendChoice.of(
            Map.of(BackendChoice.PROPERTY, forced, "java.vm.name", name, "java.vm.info", info),
            module);
    assertEquals(vector, choice.vector());
    assertEquals(expected, choice.expected());
    assertTrue(choice.reason().contains(reason), choice.reason());
  }

  @Test
  void refusesAnotherName() {
    var error =
        assertThrows(
            IllegalArgumentException.class,
            () -> BackendChoice.of(Map.of(BackendChoice.PROPERTY, "fast"), true));
    assertEquals("-Ddev.lanewise.backend=fast is neither scalar nor vector", error.getMessage());
  }

  @Test
  void refusesTheVectorBackendWithoutItsModule() {
    var properties = Map.of(BackendChoice.PROPERTY, "vector", "java.vm.name", HOTSPOT);
    var error =
        assertThrows(IllegalStateException.class, () -> BackendChoice.of(properties, false));
    assertTrue(
        error.getMessage().contains("--add-modules jdk.incubator.vector"), error.getMessage());
  }
}
