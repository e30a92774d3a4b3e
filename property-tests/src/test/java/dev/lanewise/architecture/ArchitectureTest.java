package dev.lanewise.architecture;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The import rules of the house: each package sees the ones below it, and nothing else. */
class ArchitectureTest {
  private static final String ROOT = "dev.lanewise.";

  private static final String TESTS =
      ArchitectureTest.class.getProtectionDomain().getCodeSource().getLocation().getPath();

  private static final ImportOption WITHOUT_TESTS = location -> !location.contains(TESTS);

  private static final JavaClasses CLASSES =
      new ClassFileImporter().withImportOption(WITHOUT_TESTS).importPackages("dev.lanewise");

  /** What of the engine each package may see besides itself. */
  private static final Map<String, Set<String>> ALLOWED =
      Map.ofEntries(
          Map.entry("internal.memory", Set.of()),
          Map.entry("memory", Set.of("internal.memory")),
          Map.entry("internal.kernel.scalar", Set.of("internal.kernel")),
          Map.entry("internal.kernel.vector", Set.of("internal.kernel")),
          Map.entry("internal.kernel", Set.of("internal.kernel.scalar", "internal.kernel.vector")),
          Map.entry("parallel", Set.of()),
          Map.entry("internal.parallel", Set.of("parallel")),
          Map.entry(
              "internal.gemm",
              Set.of("internal.kernel", "internal.memory", "internal.parallel", "parallel")),
          Map.entry("internal.sort", Set.of()),
          // A sparse gradient adds up its rows.
          Map.entry("tensor", Set.of("internal.memory", "internal.kernel", "internal.sort")),
          Map.entry("internal.check", Set.of("tensor")),
          Map.entry(
              "internal.rows",
              Set.of(
                  "tensor",
                  "internal.check",
                  "internal.kernel",
                  "internal.memory",
                  "internal.parallel",
                  "internal.sort",
                  "parallel")),
          // An operand of a contraction may be rows of a table, given by row numbers.
          Map.entry(
              "einsum",
              Set.of(
                  "tensor",
                  "internal.check",
                  "internal.gemm",
                  "internal.kernel",
                  "internal.memory",
                  "internal.rows",
                  "parallel")),
          // An embedding hands out such an operand; contractions know nothing of embeddings.
          Map.entry(
              "embedding",
              Set.of(
                  "tensor",
                  "einsum",
                  "internal.check",
                  "internal.rows",
                  "internal.kernel",
                  "internal.memory",
                  "internal.parallel",
                  "parallel")),
          Map.entry(
              "autograd",
              Set.of(
                  "tensor",
                  "einsum",
                  "embedding",
                  "internal.check",
                  "internal.rows",
                  "internal.kernel",
                  "internal.memory")),
          Map.entry(
              "nn",
              Set.of(
                  "tensor",
                  "einsum",
                  "embedding",
                  "autograd",
                  "internal.check",
                  "internal.kernel",
                  "internal.memory")),
          // An optimizer gives its state as a state dict and takes it from one.
          Map.entry(
              "optim",
              Set.of(
                  "tensor",
                  "checkpoint",
                  "embedding",
                  "autograd",
                  "internal.check",
                  "internal.rows",
                  "internal.kernel",
                  "internal.memory",
                  "internal.parallel",
                  "internal.sort",
                  "parallel")),
          Map.entry(
              "checkpoint",
              Set.of("tensor", "embedding", "nn", "internal.check", "internal.memory")));

  @Test
  void importsPointDownwards() {
    ALLOWED.forEach((name, below) -> {
      String[] seen =
          java.util.stream.Stream.concat(below.stream(), java.util.stream.Stream.of(name))
              .map(ROOT::concat)
              .toArray(String[]::new);
      ArchRule rule =
          noClasses()
              .that()
              .resideInAPackage(ROOT + name)
              .should()
              .dependOnClassesThat(
                  resideInAPackage("dev.lanewise..").and(not(resideInAnyPackage(seen))));
      rule.allowEmptyShould(true).check(CLASSES);
    });
  }

  @Test
  void everyPackageHasARule() {
    String[] known =
        java.util.stream.Stream.concat(
                ALLOWED.keySet().stream(), java.util.stream.Stream.of("verification"))
            .map(ROOT::concat)
            .toArray(String[]::new);
    classes()
        .that()
        .resideInAPackage("dev.lanewise..")
        .should()
        .resideInAnyPackage(known)
        .check(CLASSES);
  }

  @Test
  void onlyTheVectorBackendImportsTheVectorApi() {
    noClasses()
        .that()
        .resideInAPackage("dev.lanewise..")
        .and()
        .resideOutsideOfPackage("dev.lanewise.internal.kernel.vector")
        .should()
        .dependOnClassesThat(resideInAPackage("jdk.incubator.."))
        .check(CLASSES);
  }

  @Test
  void kernelsSeeMemoryAndNumbersOnly() {
    noClasses()
        .that()
        .resideInAnyPackage("dev.lanewise.internal.kernel..", "dev.lanewise.internal.gemm..")
        .should()
        .dependOnClassesThat(
            resideInAnyPackage(
                "dev.lanewise.tensor..", "dev.lanewise.einsum..", "dev.lanewise.embedding.."))
        .check(CLASSES);
  }

  @Test
  void theEngineNeedsTheJdkOnly() {
    noClasses()
        .that()
        .resideInAPackage("dev.lanewise..")
        .and()
        .resideOutsideOfPackage("dev.lanewise.verification")
        .should()
        .dependOnClassesThat(
            not(resideInAnyPackage(
                    "dev.lanewise..", "java..", "jdk.incubator..", "org.jspecify.annotations"))
                .and(not(resideInAPackage(""))))
        .check(CLASSES);
  }

  @Test
  void theVerificationKitSharesNothingWithTheEngineButTensors() {
    noClasses()
        .that()
        .resideInAPackage("dev.lanewise.verification")
        .should()
        .dependOnClassesThat(
            resideInAPackage("dev.lanewise..")
                .and(not(resideInAnyPackage("dev.lanewise.verification", "dev.lanewise.tensor"))))
        .check(CLASSES);
  }
}
