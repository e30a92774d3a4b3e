package dev.lanewise.internal.kernel.vector;

import dev.lanewise.internal.kernel.BlockKernels;
import dev.lanewise.internal.kernel.ColumnDotKernels;
import dev.lanewise.internal.kernel.ComparisonKernels;
import dev.lanewise.internal.kernel.DirectKernels;
import dev.lanewise.internal.kernel.DotKernels;
import dev.lanewise.internal.kernel.ElementwiseKernels;
import dev.lanewise.internal.kernel.GemvKernels;
import dev.lanewise.internal.kernel.NarrowingKernels;
import dev.lanewise.internal.kernel.NativeSegments;
import dev.lanewise.internal.kernel.ProductKernels;
import dev.lanewise.internal.kernel.ReductionKernels;
import dev.lanewise.internal.kernel.RowFormat;
import dev.lanewise.internal.kernel.RowKernels;
import dev.lanewise.internal.kernel.ScatterKernels;
import dev.lanewise.internal.kernel.ScoreKernels;
import dev.lanewise.internal.kernel.StreamKernels;
import dev.lanewise.internal.kernel.TileKernels;
import dev.lanewise.internal.kernel.UpdateKernels;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The kernels of the machine's vector width. */
public final class VectorKernels {
  static {
    NativeSegments.profileSlices();
  }

  private VectorKernels() {}

  /** The preferred width, for the log. */
  public static String description() {
    return Lanes.FLOATS.vectorBitSize() + "-bit vector";
  }

  public static ElementwiseKernels elementwise() {
    return new VectorElementwise();
  }

  public static ReductionKernels reductions() {
    return new VectorReductions();
  }

  /** By format. */
  public static Map<RowFormat, RowKernels> rows() {
    return Map.of(
        RowFormat.FLOAT32,
        new VectorFloat32Rows(),
        RowFormat.FLOAT64,
        new VectorFloat64Rows(),
        RowFormat.BFLOAT16,
        new VectorBfloat16Rows(),
        RowFormat.FLOAT16,
        new VectorFloat16Rows(),
        RowFormat.INT8,
        new VectorInt8Rows());
  }

  /** By format, for tables that are not mapped: a row's place is checked once for many columns. */
  public static Map<RowFormat, RowKernels> slicedRows() {
    return Map.of(
        RowFormat.FLOAT32,
        new VectorFloat32SlicedRows(),
        RowFormat.FLOAT64,
        new VectorFloat64SlicedRows(),
        RowFormat.BFLOAT16,
        new VectorBfloat16SlicedRows(),
        RowFormat.FLOAT16,
        new VectorFloat16SlicedRows(),
        RowFormat.INT8,
        new VectorInt8SlicedRows());
  }

  /** By format. */
  public static Map<RowFormat, NarrowingKernels> narrowing() {
    return Map.of(
        RowFormat.BFLOAT16,
        new VectorBfloat16Narrowing(),
        RowFormat.FLOAT16,
        new VectorFloat16Narrowing());
  }

  public static ScatterKernels scatter() {
    return new VectorScatter();
  }

  public static UpdateKernels updates() {
    return new VectorUpdates();
  }

  /** For memory that is not mapped: a row's place is checked once for many columns. */
  public static UpdateKernels slicedUpdates() {
    return new VectorSlicedUpdates();
  }

  /** Of rows with queries, by squared differences. */
  public static ComparisonKernels distances() {
    return new ComparisonKernels(
        new VectorFloatDistanceDirect(), Optional.of(new VectorFloatDistanceGemv()));
  }

  public static ScoreKernels scores() {
    return new VectorScores();
  }

  public static TileKernels<float[]> floatTiles() {
    return new VectorFloatTiles();
  }

  public static TileKernels<double[]> doubleTiles() {
    return new VectorDoubleTiles();
  }

  public static GemvKernels<float[]> floatGemv() {
    return new VectorFloatGemv();
  }

  public static GemvKernels<double[]> doubleGemv() {
    return new VectorDoubleGemv();
  }

  public static StreamKernels floatStream() {
    return new VectorFloatStream();
  }

  public static StreamKernels doubleStream() {
    return new VectorDoubleStream();
  }

  public static BlockKernels<float[]> floatBlocks() {
    return new VectorFloatBlocks();
  }

  public static BlockKernels<double[]> doubleBlocks() {
    return new VectorDoubleBlocks();
  }

  public static ProductKernels floatProducts() {
    return new VectorFloatProducts();
  }

  public static ProductKernels doubleProducts() {
    return new VectorDoubleProducts();
  }

  public static DotKernels<float[]> floatDots() {
    return new VectorFloatDots();
  }

  public static DotKernels<double[]> doubleDots() {
    return new VectorDoubleDots();
  }

  public static ColumnDotKernels floatColumnDots() {
    return new VectorFloatColumnDots();
  }

  public static ColumnDotKernels doubleColumnDots() {
    return new VectorDoubleColumnDots();
  }

  public static List<DirectKernels> floatDirect() {
    return distinct(
        new VectorFloatDirect(), new VectorFloatDirectHalf(), new VectorFloatDirectQuarter());
  }

  public static List<DirectKernels> doubleDirect() {
    return distinct(
        new VectorDoubleDirect(), new VectorDoubleDirectHalf(), new VectorDoubleDirectQuarter());
  }

  /**
   * From the widest to the narrowest; where the preferred width is narrow, parts of it are none.
   */
  private static List<DirectKernels> distinct(DirectKernels... widths) {
    List<DirectKernels> distinct = new ArrayList<>();
    for (DirectKernels width : widths) {
      if (distinct.isEmpty() || width.lanes() < distinct.getLast().lanes()) {
        distinct.add(width);
      }
    }
    return List.copyOf(distinct);
  }
}
