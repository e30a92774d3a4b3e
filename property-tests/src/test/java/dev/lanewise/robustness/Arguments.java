package dev.lanewise.robustness;

import dev.lanewise.einsum.Contraction;
import dev.lanewise.einsum.Einsum;
import dev.lanewise.einsum.Equation;
import dev.lanewise.embedding.Embedding;
import dev.lanewise.embedding.EmbeddingBag;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Operand;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.Array;
import java.lang.reflect.Executable;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Executor;
import java.util.concurrent.ForkJoinPool;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** Draws arguments for any parameter: fitting ones often enough, and every kind of bad one. */
final class Arguments {
  private static final List<String> EQUATIONS =
      List.of(
          "ik,kj->ij",
          "ij,ij->ij",
          "ij,kj->ik",
          "ij,j->i",
          "ij->ji",
          "ij->",
          "ii->i",
          "i,j->ij",
          "...i,...i->...",
          "ik,kj,j->i",
          "ij,ij",
          "ij,jk,kl->il",
          "->",
          ",->",
          "",
          "i",
          "ij,,",
          "i.j->",
          "i->ii",
          "i->j",
          "(é)",
          "iiiiiiiiiiiiiiii->i",
          "ab,cd,ef,gh->aceg");

  private static final long[] LONGS = {
    -1, Long.MIN_VALUE, Long.MAX_VALUE, Integer.MAX_VALUE, 1L << 40, 5, 7, -4
  };
  private static final int[] INTS = {-1, Integer.MIN_VALUE, Integer.MAX_VALUE, 1 << 30, 5, 9, -4};
  private static final double[] NUMBERS = {
    0, -0.0, 1, -1, 1e-3, Double.NaN, Double.POSITIVE_INFINITY, -1e300, Double.MIN_VALUE
  };

  private final World world;
  private final SplittableRandom random;

  /** Whether the last arguments had a null, at any depth. */
  private boolean hasNull;

  private boolean hasForbiddenNull;

  Arguments(World world, SplittableRandom random) {
    this.world = world;
    this.random = random;
  }

  /** Whether values of a type can be drawn. */
  static boolean canDraw(Class<?> type, World world) {
    Class<?> base = type;
    while (base.isArray()) {
      base = base.getComponentType();
    }
    return base.isPrimitive()
        || base.isEnum()
        || world.knows(base)
        || List.of(
                String.class,
                Object.class,
                Arena.class,
                RandomGenerator.class,
                Executor.class,
                ForkJoinPool.class,
                MemorySegment.class)
            .contains(base);
  }

  /** Whether values of a parameter's type can be drawn, lists included. */
  static boolean canDraw(Type type, World world) {
    if (type instanceof ParameterizedType list) {
      return (list.getRawType() == List.class || list.getRawType() == Collection.class)
          && list.getActualTypeArguments()[0] instanceof Class<?> element
          && canDraw(element, world);
    }
    return type instanceof Class<?> drawn && canDraw(drawn, world);
  }

  /** Values for all parameters. */
  Object[] draw(Executable call) {
    hasNull = false;
    hasForbiddenNull = false;
    Type[] types = call.getGenericParameterTypes();
    Object[] values = new Object[types.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = draw(types[i]);
      hasForbiddenNull |= values[i] == null && !isNullable(call, i);
    }
    return values;
  }

  private static boolean isNullable(Executable call, int parameter) {
    // Nobody asks for a random number, or for row numbers, of which none are wanted.
    Class<?> type = call.getParameterTypes()[parameter];
    return type == RandomGenerator.class
        || call.getName().equals("append")
        || call.getName().equals("equals")
        || call.getAnnotatedParameterTypes()[parameter].isAnnotationPresent(Nullable.class);
  }

  /** Whether the last values had a null, at any depth. */
  boolean hadNull() {
    return hasNull;
  }

  /** Whether one of the last values was null, of a parameter that is not marked for it. */
  boolean hadNullWhereNoneMayBe() {
    return hasForbiddenNull;
  }

  /** Puts tensors that fit into the places of some drawn ones, so that more calls succeed. */
  void fit(Executable call, Object receiver, Object... values) {
    switch (receiver) {
      case Contraction plan when call.getName().equals("execute") -> fitPlan(plan, values);
      case Embedding embedding when call.getName().equals("forward") ->
          fitRows(embedding, values[0], values);
      case EmbeddingBag bag when call.getName().equals("forward") ->
          fitRows(bag.embedding(), values[Math.min(1, values.length - 2)], values);
      case null, default -> {
        if (call.getDeclaringClass() == Einsum.class) {
          fitEinsum(values);
        }
      }
    }
  }

  private void fitEinsum(Object... values) {
    Contraction plan = (Contraction) world.any(Contraction.class);
    if (values[0] == null || values[1] == null || values[2] == null) {
      return;
    }
    String equation = plan.pathInfo().equation();
    values[1] = values[1] instanceof Equation ? Equation.parse(equation) : equation;
    Operand[] operands = new Operand[plan.operandCount()];
    Arrays.setAll(operands, each -> world.tensor(plan.dtype(), plan.operandShape(each)));
    values[2] = operands;
  }

  private void fitPlan(Contraction plan, Object... values) {
    int operand = 0;
    for (int i = 0; i < values.length; i++) {
      if (values[i] instanceof Tensor[] && plan.operandCount() > 0) {
        Tensor[] operands = new Tensor[plan.operandCount()];
        Arrays.setAll(operands, each -> world.tensor(plan.dtype(), plan.operandShape(each)));
        values[i] = operands;
        operand = operands.length;
      } else if (values[i] instanceof Tensor) {
        Shape shape =
            operand < plan.operandCount() ? plan.operandShape(operand) : plan.outputShape();
        values[i] = world.tensor(plan.dtype(), shape);
        operand++;
      } else {
        operand++;
      }
    }
  }

  private void fitRows(Embedding embedding, Object rows, Object... values) {
    Shape shape =
        switch (rows) {
          case int[] indices -> Shape.of(indices.length, embedding.embeddingDim());
          case Tensor indices -> indices.shape().append(embedding.embeddingDim());
          case null, default -> null;
        };
    int last = values.length - 1;
    if (shape != null && values[last] instanceof Tensor && shape.elementCount() < 100) {
      values[last] = world.tensor(DType.FLOAT32, shape);
    }
  }

  private boolean rarely() {
    return random.nextInt(25) == 0;
  }

  private Object none() {
    hasNull = true;
    return null;
  }

  private Object draw(Type type) {
    if (type instanceof ParameterizedType list) {
      return rarely() ? none() : drawList((Class<?>) list.getActualTypeArguments()[0]);
    }
    Class<?> drawn = (Class<?>) type;
    if (drawn.isPrimitive()) {
      return primitive(drawn);
    }
    if (rarely()) {
      return none();
    }
    if (drawn.isArray()) {
      return array(drawn.getComponentType());
    }
    Object value = object(drawn);
    return value == null ? none() : value;
  }

  private List<Object> drawList(Class<?> element) {
    List<Object> values = new ArrayList<>();
    for (int i = random.nextInt(4); i > 0; i--) {
      values.add(draw(element));
    }
    return values;
  }

  private Object array(Class<?> element) {
    int length = rarely() ? 0 : random.nextInt(1, 5);
    Object values = Array.newInstance(element, length);
    for (int i = 0; i < length; i++) {
      // Offsets ascend from 0, rows are from 0 to 3, sizes small: an ascending run is all of these.
      Object value = element == int.class && random.nextInt(3) > 0 ? (Object) i : draw(element);
      Array.set(values, i, value);
    }
    return values;
  }

  private Object primitive(Class<?> type) {
    boolean hostile = random.nextInt(12) == 0;
    int small = random.nextInt(5);
    double number = hostile ? NUMBERS[random.nextInt(NUMBERS.length)] : small / 4.0;
    if (type == int.class) {
      return hostile ? INTS[random.nextInt(INTS.length)] : small;
    } else if (type == long.class) {
      return hostile ? LONGS[random.nextInt(LONGS.length)] : (long) small;
    } else if (type == float.class) {
      return (float) number;
    } else if (type == double.class) {
      return number;
    } else if (type == boolean.class) {
      return random.nextBoolean();
    } else if (type == byte.class) {
      return (byte) small;
    }
    throw new AssertionError("no values of " + type);
  }

  private Object object(Class<?> type) {
    if (type.isEnum()) {
      return type.getEnumConstants()[random.nextInt(type.getEnumConstants().length)];
    } else if (world.knows(type)) {
      return world.any(type);
    } else if (type == String.class) {
      return EQUATIONS.get(random.nextInt(random.nextBoolean() ? 6 : EQUATIONS.size()));
    } else if (type == Object.class) {
      return world.any(World.API.get(random.nextInt(World.API.size())));
    } else if (type == Arena.class) {
      return rarely() ? (random.nextBoolean() ? world.closed : world.foreign.arena()) : world.arena;
    } else if (type == RandomGenerator.class) {
      return new SplittableRandom(random.nextLong());
    } else if (type == Executor.class) {
      return (Executor) Runnable::run;
    } else if (type == ForkJoinPool.class) {
      return ForkJoinPool.commonPool();
    } else if (type == MemorySegment.class) {
      return MemorySegment.ofArray(new float[random.nextInt(40)]);
    }
    throw new AssertionError("no values of " + type);
  }
}
