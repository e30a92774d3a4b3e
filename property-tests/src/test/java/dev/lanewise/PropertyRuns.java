package dev.lanewise;

import java.lang.reflect.AnnotatedElement;
import java.util.Optional;
import net.jqwik.api.lifecycle.AroundPropertyHook;
import net.jqwik.api.lifecycle.PropagationMode;
import net.jqwik.api.lifecycle.PropertyAttributes;
import net.jqwik.api.lifecycle.PropertyExecutionResult;
import net.jqwik.api.lifecycle.PropertyExecutor;
import net.jqwik.api.lifecycle.PropertyLifecycleContext;

/**
 * How often every property is tried, and on which samples: {@code dev.lanewise.tests.factor} times
 * as often as it says ({@code 10} in the long profile, less in mutation tests), and from {@code
 * dev.lanewise.tests.seed} where it is given. jqwik finds it as a service.
 */
public class PropertyRuns implements AroundPropertyHook {
  /**
   * {@code jqwik.tries.default} of {@code junit-platform.properties}, which hooks cannot ask for.
   */
  private static final int DEFAULT_TRIES = 300;

  private static final double FACTOR =
      Double.parseDouble(System.getProperty("dev.lanewise.tests.factor", "1"));
  private static final Optional<String> SEED =
      Optional.ofNullable(System.getProperty("dev.lanewise.tests.seed"));

  @Override
  public PropertyExecutionResult aroundProperty(
      PropertyLifecycleContext context, PropertyExecutor property) {
    PropertyAttributes attributes = context.attributes();
    int tries = attributes.tries().orElse(DEFAULT_TRIES);
    // An example is a property with one try.
    if (tries > 1) {
      attributes.setTries((int) Math.ceil(tries * FACTOR));
    }
    SEED.ifPresent(attributes::setSeed);
    return property.execute();
  }

  @Override
  public boolean appliesTo(Optional<AnnotatedElement> element) {
    return true;
  }

  @Override
  public PropagationMode propagateTo() {
    return PropagationMode.ALL_DESCENDANTS;
  }
}
