package dev.lanewise.bench.embedding.engine;

import ai.onnxruntime.OnnxJavaType;

/**
 * An ONNX model of one node, {@code out = Gather(table, indices)}, of which row {@code indices[i]}
 * of the table is row i of the result.
 *
 * <p>Source: <a href="https://github.com/onnx/onnx/blob/main/onnx/onnx.proto">onnx.proto</a>, where
 * the numbers of the fields are, and <a
 * href="https://onnx.ai/onnx/operators/onnx__Gather.html">Gather</a>.
 */
final class GatherModel {
  /** The name of the first input, float32 [rows, dim]. */
  static final String TABLE = "table";

  /** The name of the second input, [indices]. */
  static final String INDICES = "indices";

  /** The name of the output, float32 [indices, dim]. */
  static final String OUT = "out";

  private static final int IR_VERSION = 8;
  private static final int OPERATORS_VERSION = 13;

  // TensorProto.DataType; ONNX Runtime's own enumerations have other numbers.
  private static final int FLOAT = 1;
  private static final int INT32 = 6;
  private static final int INT64 = 7;

  private GatherModel() {}

  /**
   * The model as a file would hold it.
   *
   * @param indexType INT32 or INT64
   */
  static byte[] bytes(long rows, long dim, long indices, OnnxJavaType indexType) {
    int type = indexType == OnnxJavaType.INT32 ? INT32 : INT64;
    ProtoMessage node =
        new ProtoMessage().text(1, TABLE).text(1, INDICES).text(2, OUT).text(4, "Gather");
    ProtoMessage graph =
        new ProtoMessage()
            .message(1, node)
            .text(2, "lookup")
            .message(11, value(TABLE, FLOAT, rows, dim))
            .message(11, value(INDICES, type, indices))
            .message(12, value(OUT, FLOAT, indices, dim));
    ProtoMessage operators = new ProtoMessage().text(1, "").number(2, OPERATORS_VERSION);
    return new ProtoMessage()
        .number(1, IR_VERSION)
        .message(7, graph)
        .message(8, operators)
        .toBytes();
  }

  private static ProtoMessage value(String name, int type, long... sizes) {
    ProtoMessage shape = new ProtoMessage();
    for (long size : sizes) {
      shape.message(1, new ProtoMessage().number(1, size));
    }
    ProtoMessage tensor = new ProtoMessage().number(1, type).message(2, shape);
    return new ProtoMessage().text(1, name).message(2, new ProtoMessage().message(1, tensor));
  }
}
