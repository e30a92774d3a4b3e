package dev.lanewise.robustness;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Random calls of everything that is public; see {@link HostileCalls}.
 *
 * <p>A million calls: {@code -Dtest=HostileCallsTest -Dlanewise.hostile.calls=1000000}, with
 * another start by {@code -Dlanewise.hostile.seed}.
 */
class HostileCallsTest {
  private static final long CALLS = Long.getLong("lanewise.hostile.calls", 20_000);
  private static final long SEED = Long.getLong("lanewise.hostile.seed", 20260101);

  private static final ForeignMemory FOREIGN = ForeignMemory.make();

  @Test
  @Timeout(value = 30, unit = TimeUnit.MINUTES)
  void everyCallSucceedsOrIsRefusedAndNothingElseIsWritten() {
    HostileCalls calls = new HostileCalls(SEED, FOREIGN);
    calls.run(CALLS);
    // Not all of them are refused, nor are results taken as they come.
    assertTrue(calls.returned() > CALLS / 4, calls::summary);
    assertTrue(calls.checked() > CALLS / 40, calls::summary);
    System.out.println(CALLS + " hostile calls from seed " + SEED + ": " + calls.summary());
  }

  @Test
  void allThatIsPublicIsCalled() {
    assertEquals(List.of(), new HostileCalls(1, FOREIGN).undrawable());
  }
}
