package dev.lanewise.checkpoint;

import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/** Writes the pickle of a PyTorch file: the values, with each tensor as a place in a storage. */
final class TorchPickle {
  private final PickleWriter out = new PickleWriter();
  private final StoragePlan plan;

  private TorchPickle(StoragePlan plan) {
    this.plan = plan;
  }

  static byte[] of(StateDict state, StoragePlan plan) {
    var pickle = new TorchPickle(plan);
    pickle.emptyOrderedDict();
    state.asMap().forEach(pickle::item);
    return pickle.out.finish();
  }

  private void item(String name, Value value) {
    out.text(name);
    value(value);
    out.op(Pickle.SETITEM);
  }

  private void value(Value value) {
    switch (value) {
      case Value.TensorValue(Tensor tensor) -> tensor(plan.place(tensor));
      case Value.Int(long number) -> out.integer(number);
      case Value.Real(double number) -> out.real(number);
      case Value.Bool(boolean flag) -> out.op(flag ? Pickle.NEWTRUE : Pickle.NEWFALSE);
      case Value.Text(String text) -> out.text(text);
      case Value.None _ -> out.op(Pickle.NONE);
      case Value.Type(DType dtype) -> dtype(dtype);
      case Value.Size(var shape) -> {
        out.global(TorchNames.TORCH, TorchNames.SIZE);
        out.tuple(Arrays.stream(shape.toArray()).boxed().toList());
        out.op(Pickle.TUPLE1);
        out.op(Pickle.REDUCE);
      }
      case Value.PyList(List<Value> items) -> {
        out.op(Pickle.EMPTY_LIST);
        for (Value item : items) {
          value(item);
          out.op(Pickle.APPEND);
        }
      }
      case Value.Tuple(List<Value> items) -> {
        out.op(Pickle.MARK);
        items.forEach(this::value);
        out.op(Pickle.TUPLE);
      }
      case Value.Dict(var items) -> {
        out.op(Pickle.EMPTY_DICT);
        items.forEach((key, item) -> {
          value(key);
          value(item);
          out.op(Pickle.SETITEM);
        });
      }
    }
  }

  /**
   * {@code torch._utils._rebuild_tensor_v2(storage, offset, size, stride, requires_grad,
   * backward_hooks)}, or {@code _rebuild_tensor_v3(..., dtype)} for a type without a storage class.
   */
  private void tensor(StoragePlan.Placement placement) {
    DType dtype = placement.storage().elements().dtype();
    TorchStorage kind = TorchStorage.of(dtype);
    boolean isTyped = kind.dtype() != null;
    out.global(
        TorchNames.UTILS, isTyped ? TorchNames.REBUILD_TENSOR_V2 : TorchNames.REBUILD_TENSOR_V3);
    out.op(Pickle.MARK);
    storage(kind, placement.storage());
    out.integer(placement.offset());
    out.tuple(placement.sizes());
    out.tuple(placement.strides());
    out.op(Pickle.NEWFALSE);
    emptyOrderedDict();
    if (!isTyped) {
      dtype(dtype);
    }
    out.op(Pickle.TUPLE);
    out.op(Pickle.REDUCE);
  }

  /** The persistent id {@code ('storage', class, key, location, count of elements or bytes)}. */
  private void storage(TorchStorage kind, StoragePlan.Storage storage) {
    Tensor elements = storage.elements();
    long bytes = elements.shape().elementCount() * elements.dtype().sizeBytes();
    out.op(Pickle.MARK);
    out.text(TorchNames.STORAGE);
    out.global(kind.module(), kind.className());
    out.text(storage.key());
    out.text("cpu");
    out.integer(bytes / kind.unitBytes());
    out.op(Pickle.TUPLE);
    out.op(Pickle.BINPERSID);
  }

  private void dtype(DType dtype) {
    out.global(TorchNames.TORCH, dtype.toString());
  }

  private void emptyOrderedDict() {
    out.global(TorchNames.COLLECTIONS, TorchNames.ORDERED_DICT);
    out.op(Pickle.EMPTY_TUPLE);
    out.op(Pickle.REDUCE);
  }
}
