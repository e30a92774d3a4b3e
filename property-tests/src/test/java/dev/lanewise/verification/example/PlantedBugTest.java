package dev.lanewise.verification.example;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.reporting.ReportEntry;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** The example's property lets the right kernel pass, and finds the bug in the other. */
class PlantedBugTest {
  private static final Pattern SHRUNK =
      Pattern.compile(
          "Shrunk Sample \\(\\d+ steps\\)\\s+-+\\s+rows: 1\\s+width: (4|8|12|16|20|24|28|32|36|40)\\s+misalignment: 0\\s");

  private static final class Outcome implements TestExecutionListener {
    private final List<TestExecutionResult> results = new ArrayList<>();
    private final StringBuilder reports = new StringBuilder();

    @Override
    public void executionFinished(TestIdentifier test, TestExecutionResult result) {
      if (test.isTest()) {
        results.add(result);
      }
    }

    @Override
    public void reportingEntryPublished(TestIdentifier test, ReportEntry entry) {
      entry.getKeyValuePairs().values().forEach(reports::append);
    }

    TestExecutionResult only() {
      assertEquals(1, results.size());
      return results.getFirst();
    }

    String report() {
      return reports.toString();
    }
  }

  private static Outcome run() {
    LauncherDiscoveryRequest request =
        LauncherDiscoveryRequestBuilder.request()
            .selectors(selectClass(RowScoresTest.class))
            .configurationParameter("jqwik.reporting.usejunitplatform", "true")
            .configurationParameter("jqwik.database", "target/jqwik.planted")
            .build();
    Outcome outcome = new Outcome();
    LauncherFactory.create().execute(request, outcome);
    return outcome;
  }

  @Test
  void theRightKernelPasses() {
    assertEquals(TestExecutionResult.Status.SUCCESSFUL, run().only().getStatus());
  }

  @Test
  void theBugIsFoundInASmallSample() {
    System.setProperty(RowScoresTest.BUG, "");
    try {
      Outcome outcome = run();
      assertEquals(TestExecutionResult.Status.FAILED, outcome.only().getStatus());
      // One row, and whole vectors of it only.
      assertTrue(SHRUNK.matcher(outcome.report()).find(), outcome::report);
    } finally {
      System.clearProperty(RowScoresTest.BUG);
    }
  }
}
