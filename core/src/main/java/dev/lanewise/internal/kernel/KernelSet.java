package dev.lanewise.internal.kernel;

import dev.lanewise.internal.kernel.scalar.ScalarBfloat16Narrowing;
import dev.lanewise.internal.kernel.scalar.ScalarBfloat16Rows;
import dev.lanewise.internal.kernel.scalar.ScalarDoubleBlocks;
import dev.lanewise.internal.kernel.scalar.ScalarDoubleColumnDots;
import dev.lanewise.internal.kernel.scalar.ScalarDoubleDots;
import dev.lanewise.internal.kernel.scalar.ScalarDoubleProducts;
import dev.lanewise.internal.kernel.scalar.ScalarDoubleStream;
import dev.lanewise.internal.kernel.scalar.ScalarDoubleStrided;
import dev.lanewise.internal.kernel.scalar.ScalarDoubleTiles;
import dev.lanewise.internal.kernel.scalar.ScalarElementwise;
import dev.lanewise.internal.kernel.scalar.ScalarFloat16Narrowing;
import dev.lanewise.internal.kernel.scalar.ScalarFloat16Rows;
import dev.lanewise.internal.kernel.scalar.ScalarFloat32Rows;
import dev.lanewise.internal.kernel.scalar.ScalarFloat64Rows;
import dev.lanewise.internal.kernel.scalar.ScalarFloatBlocks;
import dev.lanewise.internal.kernel.scalar.ScalarFloatColumnDots;
import dev.lanewise.internal.kernel.scalar.ScalarFloatDirect;
import dev.lanewise.internal.kernel.scalar.ScalarFloatDistanceDirect;
import dev.lanewise.internal.kernel.scalar.ScalarFloatDots;
import dev.lanewise.internal.kernel.scalar.ScalarFloatProducts;
import dev.lanewise.internal.kernel.scalar.ScalarFloatStream;
import dev.lanewise.internal.kernel.scalar.ScalarFloatStrided;
import dev.lanewise.internal.kernel.scalar.ScalarFloatTiles;
import dev.lanewise.internal.kernel.scalar.ScalarInt8Rows;
import dev.lanewise.internal.kernel.scalar.ScalarReductions;
import dev.lanewise.internal.kernel.scalar.ScalarScatter;
import dev.lanewise.internal.kernel.scalar.ScalarScores;
import dev.lanewise.internal.kernel.scalar.ScalarUpdates;
import dev.lanewise.internal.kernel.vector.VectorKernels;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * The kernels of one backend. All backends compute the same bits; {@link #active} is the one this
 * process uses, chosen once.
 *
 * @param description what the kernels run on, for the log
 * @param float32 contractions of float32
 * @param float64 contractions of float64
 * @param elementwise programs over runs of elements
 * @param reductions programs that reduce a run
 * @param rowsByFormat programs that read rows of a table, by the table's format
 * @param slicedRowsByFormat the same for tables that are not mapped, faster
 * @param narrowingByFormat programs that round to 16 bits, by the format
 * @param scatter programs of the gradients of a table's rows
 * @param updates a program that moves rows of a table
 * @param slicedUpdates the same for memory that is not mapped, faster
 * @param dotProducts rows of a table compared with queries by sums of products
 * @param distances the same by sums of squared differences: {@code e = row - query; sum = fma(e, e,
 *     sum)}
 * @param scores programs over the scores of such rows
 */
public record KernelSet(
    String description,
    ContractionKernels<float[]> float32,
    ContractionKernels<double[]> float64,
    ElementwiseKernels elementwise,
    ReductionKernels reductions,
    Map<RowFormat, RowKernels> rowsByFormat,
    Map<RowFormat, RowKernels> slicedRowsByFormat,
    Map<RowFormat, NarrowingKernels> narrowingByFormat,
    ScatterKernels scatter,
    UpdateKernels updates,
    UpdateKernels slicedUpdates,
    ComparisonKernels dotProducts,
    ComparisonKernels distances,
    ScoreKernels scores) {

  /** The backend this process uses. */
  public static KernelSet active() {
    return Active.SET;
  }

  /** The kernels of one lane: the reference, and the fallback. */
  public static KernelSet scalar() {
    RowKernels rows = new ScalarFloat32Rows();
    UpdateKernels updates = new ScalarUpdates();
    Map<RowFormat, RowKernels> rowsByFormat =
        Map.of(
            RowFormat.FLOAT32,
            rows,
            RowFormat.FLOAT64,
            new ScalarFloat64Rows(),
            RowFormat.BFLOAT16,
            new ScalarBfloat16Rows(),
            RowFormat.FLOAT16,
            new ScalarFloat16Rows(),
            RowFormat.INT8,
            new ScalarInt8Rows());
    return new KernelSet(
        "scalar",
        new ContractionKernels<>(
            ElementType.FLOAT32,
            float[]::new,
            new ScalarFloatTiles(),
            List.of(),
            Optional.empty(),
            new ScalarFloatStream(),
            new ScalarFloatStrided(),
            new ScalarFloatBlocks(),
            rows,
            new ScalarFloatProducts(),
            new ScalarFloatDots(),
            new ScalarFloatColumnDots()),
        new ContractionKernels<>(
            ElementType.FLOAT64,
            double[]::new,
            new ScalarDoubleTiles(),
            List.of(),
            Optional.empty(),
            new ScalarDoubleStream(),
            new ScalarDoubleStrided(),
            new ScalarDoubleBlocks(),
            rows,
            new ScalarDoubleProducts(),
            new ScalarDoubleDots(),
            new ScalarDoubleColumnDots()),
        new ScalarElementwise(),
        new ScalarReductions(),
        rowsByFormat,
        rowsByFormat,
        Map.of(
            RowFormat.BFLOAT16,
            new ScalarBfloat16Narrowing(),
            RowFormat.FLOAT16,
            new ScalarFloat16Narrowing()),
        new ScalarScatter(),
        updates,
        updates,
        new ComparisonKernels(new ScalarFloatDirect(), Optional.empty()),
        new ComparisonKernels(new ScalarFloatDistanceDirect(), Optional.empty()),
        new ScalarScores());
  }

  /**
   * The kernels of the machine's preferred vector width; only where the module jdk.incubator.vector
   * is present.
   */
  public static KernelSet vector() {
    Map<RowFormat, RowKernels> rowsByFormat = VectorKernels.rows();
    RowKernels rows = Objects.requireNonNull(rowsByFormat.get(RowFormat.FLOAT32));
    List<DirectKernels> floatDirect = VectorKernels.floatDirect();
    Optional<GemvKernels<float[]>> floatGemv = Optional.of(VectorKernels.floatGemv());
    return new KernelSet(
        VectorKernels.description(),
        new ContractionKernels<>(
            ElementType.FLOAT32,
            float[]::new,
            VectorKernels.floatTiles(),
            floatDirect,
            floatGemv,
            VectorKernels.floatStream(),
            new ScalarFloatStrided(),
            VectorKernels.floatBlocks(),
            rows,
            VectorKernels.floatProducts(),
            VectorKernels.floatDots(),
            VectorKernels.floatColumnDots()),
        new ContractionKernels<>(
            ElementType.FLOAT64,
            double[]::new,
            VectorKernels.doubleTiles(),
            VectorKernels.doubleDirect(),
            Optional.of(VectorKernels.doubleGemv()),
            VectorKernels.doubleStream(),
            new ScalarDoubleStrided(),
            VectorKernels.doubleBlocks(),
            rows,
            VectorKernels.doubleProducts(),
            VectorKernels.doubleDots(),
            VectorKernels.doubleColumnDots()),
        VectorKernels.elementwise(),
        VectorKernels.reductions(),
        rowsByFormat,
        VectorKernels.slicedRows(),
        VectorKernels.narrowing(),
        VectorKernels.scatter(),
        VectorKernels.updates(),
        VectorKernels.slicedUpdates(),
        new ComparisonKernels(floatDirect.getFirst(), floatGemv),
        VectorKernels.distances(),
        VectorKernels.scores());
  }

  /** The programs that read rows of a format. */
  public RowKernels rows(RowFormat format) {
    return Objects.requireNonNull(rowsByFormat.get(format));
  }

  /**
   * The same programs, faster, for tables whose segment is not {@linkplain
   * java.lang.foreign.MemorySegment#isMapped mapped}: on others they may allocate.
   */
  public RowKernels slicedRows(RowFormat format) {
    return Objects.requireNonNull(slicedRowsByFormat.get(format));
  }

  /** The programs that round to a format of 16 bits. */
  public NarrowingKernels narrowing(RowFormat format) {
    return Objects.requireNonNull(narrowingByFormat.get(format));
  }

  /** The kernels of contractions of a type. */
  public ContractionKernels<?> contraction(ElementType type) {
    return type == ElementType.FLOAT32 ? float32 : float64;
  }

  /** The lazily made choice: no class of the vector backend is loaded unless it is chosen. */
  private static final class Active {
    static final KernelSet SET = choose();

    private static KernelSet choose() {
      BackendChoice choice = choice();
      KernelSet set = choice.vector() ? vector() : scalar();
      Level level = choice.expected() ? Level.INFO : Level.WARNING;
      System.getLogger("dev.lanewise")
          .log(level, "Lanewise uses {0} kernels: {1}", set.description(), choice.reason());
      return set;
    }

    /** A choice that cannot be made must not fail a class' initialisation: one line says why. */
    private static BackendChoice choice() {
      try {
        return BackendChoice.of(
            Map.of(
                BackendChoice.PROPERTY,
                System.getProperty(BackendChoice.PROPERTY, ""),
                "java.vm.name",
                System.getProperty("java.vm.name", ""),
                "java.vm.info",
                System.getProperty("java.vm.info", "")),
            ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent());
      } catch (IllegalArgumentException | IllegalStateException e) {
        return new BackendChoice(false, false, String.valueOf(e.getMessage()));
      }
    }
  }
}
