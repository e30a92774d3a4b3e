package dev.lanewise.checkpoint;

import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * Makes a state dict of what a pickle describes. The pickle may hold one container in many places,
 * or in itself: a first walk visits each once, refuses cycles and counts what a reader that does
 * not know about the sharing would see; a second one, in which nothing can go wrong but a view,
 * makes the values.
 */
final class TorchValues {
  /**
   * Values in containers, each counted wherever it occurs: enough for any model, and little enough
   * to print, compare and save.
   */
  private static final long MAX_VALUES = 1 << 22;

  private final TorchStorages storages;
  private final Origin origin;

  /** Absent for a container that is being visited. */
  private final IdentityHashMap<PickleValue.Container, Measure> measured = new IdentityHashMap<>();

  private final IdentityHashMap<PickleValue, Value> made = new IdentityHashMap<>();

  /** How much a value holds: values in all, itself included, and levels of containers in it. */
  private record Measure(long values, int height) {
    static final Measure OF_LEAF = new Measure(1, -1);
  }

  /**
   * Where a value stands; made into text only for a message, because a hostile file may have long
   * names.
   */
  private record Place(@Nullable Place parent, String step) {
    Place inside(String next) {
      return new Place(this, next);
    }

    @Override
    public String toString() {
      return parent == null ? step : parent + step;
    }
  }

  private TorchValues(TorchStorages storages, Origin origin) {
    this.storages = storages;
    this.origin = origin;
  }

  static StateDict of(PickleValue top, TorchStorages storages, Origin origin)
      throws CheckpointException {
    return new TorchValues(storages, origin).stateDict(top);
  }

  private StateDict stateDict(PickleValue top) throws CheckpointException {
    if (!(top instanceof PickleValue.Dict(Map<Value.Key, PickleValue> items))) {
      throw origin.refuse(
          "holds " + top.describe() + " instead of a state dict, a dict of names and tensors");
    }
    measure(top, 0);
    for (Value.Key key : items.keySet()) {
      if (!(key instanceof Value.Text)) {
        throw origin.refuse(
            "holds a dict with " + key.kind() + " as a key; a state dict has names");
      }
    }
    storages.reserve();
    var state = new StateDict();
    for (Map.Entry<Value.Key, PickleValue> item : items.entrySet()) {
      var name = (Value.Text) item.getKey();
      state.put(name, value(new Place(null, name.text()), item.getValue()));
    }
    return state;
  }

  private Measure measure(PickleValue value, int depth) throws CheckpointException {
    if (value instanceof PickleValue.Container container) {
      return measureContainer(container, depth);
    }
    if (value instanceof PickleValue.SavedTensor tensor) {
      storages.use(tensor);
    } else if (!(value instanceof PickleValue.Leaf)) {
      throw origin.refuse(
          "has " + value.describe() + " where a tensor or a plain value is expected");
    }
    return Measure.OF_LEAF;
  }

  private Measure measureContainer(PickleValue.Container container, int depth)
      throws CheckpointException {
    Measure known = measured.get(container);
    if (known != null) {
      requireHeight(depth + known.height);
      return known;
    }
    // A container that holds itself gets here again and again, one deeper each time.
    requireHeight(depth);
    long values = 1;
    int height = 0;
    for (PickleValue item : container.contents()) {
      Measure inside = measure(item, depth + 1);
      values += inside.values;
      height = Math.max(height, inside.height + 1);
      if (values > MAX_VALUES) {
        throw origin.refuse(
            "holds more than " + MAX_VALUES + " values, shared ones counted wherever they occur");
      }
    }
    var found = new Measure(values, height);
    measured.put(container, found);
    return found;
  }

  private void requireHeight(int height) throws CheckpointException {
    // The state dict itself is not one of the containers in it.
    if (height > Value.MAX_DEPTH) {
      throw origin.refuse("nests more than " + Value.MAX_DEPTH + " containers in each other");
    }
  }

  private Value value(Place place, PickleValue value) throws CheckpointException {
    if (value instanceof PickleValue.Leaf(Value plain)) {
      return plain;
    }
    Value known = made.get(value);
    if (known != null) {
      return known;
    }
    Value converted = converted(place, value);
    made.put(value, converted);
    return converted;
  }

  private Value converted(Place place, PickleValue value) throws CheckpointException {
    if (value instanceof PickleValue.SavedTensor saved) {
      return Value.of(view(place, saved));
    }
    if (value instanceof PickleValue.Tuple(var items)) {
      return new Value.Tuple(values(place, items));
    }
    if (value instanceof PickleValue.PyList(var items)) {
      return new Value.PyList(values(place, items));
    }
    if (value instanceof PickleValue.Dict(var items)) {
      SequencedMap<Value.Key, Value> converts = new LinkedHashMap<>();
      for (Map.Entry<Value.Key, PickleValue> item : items.entrySet()) {
        Place inside = place.inside(".").inside(StateDictPrinter.key(item.getKey()));
        converts.put(item.getKey(), value(inside, item.getValue()));
      }
      return new Value.Dict(converts);
    }
    throw new IllegalStateException(value.describe() + " was let through");
  }

  private List<Value> values(Place place, List<PickleValue> items) throws CheckpointException {
    List<Value> converted = new ArrayList<>();
    for (int i = 0; i < items.size(); i++) {
      Place inside = place.inside("[").inside(Integer.toString(i)).inside("]");
      converted.add(value(inside, items.get(i)));
    }
    return converted;
  }

  private Tensor view(Place place, PickleValue.SavedTensor saved) throws CheckpointException {
    try {
      MemorySegment memory = storages.memory(saved.storage());
      DType dtype = saved.dtype();
      Tensor flat = Tensor.wrap(memory, dtype, Shape.of(memory.byteSize() / dtype.sizeBytes()));
      return flat.asStrided(Shape.of(array(saved.sizes())), array(saved.strides()), saved.offset());
    } catch (IllegalArgumentException e) {
      throw origin.refuse(
          "tensor \""
              + place
              + "\" does not fit its storage \""
              + saved.storage().key()
              + "\": "
              + e.getMessage(),
          e);
    }
  }

  static long[] array(List<Long> values) {
    long[] array = new long[values.size()];
    for (int i = 0; i < array.length; i++) {
      array[i] = values.get(i);
    }
    return array;
  }
}
