package dev.lanewise.checkpoint;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Follows the instructions of a pickle as far as PyTorch's checkpoints use them: it makes numbers,
 * strings, tuples, lists, dicts and descriptions of tensors, and nothing else. It calls nothing and
 * loads no class; work and memory are bounded by the pickle's size.
 */
final class PickleReader {
  /**
   * Each instruction makes at most one object: this bounds the heap that a small but well
   * compressed file can ask for.
   */
  private static final int MAX_INSTRUCTIONS = 1 << 23;

  private final Origin origin;
  private final PickleInput input;
  private final PickleStack stack;
  private final TorchObjects objects;

  private PickleReader(byte[] pickle, Origin origin) {
    this.origin = origin;
    this.input = new PickleInput(pickle, origin);
    this.stack = new PickleStack(origin);
    this.objects = new TorchObjects(origin);
  }

  /** The value that a pickle describes. */
  static PickleValue read(byte[] pickle, Origin origin) throws CheckpointException {
    return new PickleReader(pickle, origin).read();
  }

  private PickleValue read() throws CheckpointException {
    int first = input.unsignedByte();
    int protocol = input.unsignedByte();
    if (first != Pickle.PROTO || protocol != Pickle.PROTOCOL) {
      throw origin.refuse(
          first == Pickle.PROTO
              ? "is pickled with protocol "
                  + protocol
                  + "; only "
                  + Pickle.PROTOCOL
                  + ", the default of torch.save, is read"
              : "does not begin as a pickle");
    }
    for (int count = 0; count < MAX_INSTRUCTIONS; count++) {
      int opcode = input.unsignedByte();
      if (opcode == Pickle.STOP) {
        return stack.pop();
      }
      follow(opcode);
    }
    throw origin.refuse("has more than " + MAX_INSTRUCTIONS + " instructions");
  }

  private void follow(int opcode) throws CheckpointException {
    switch (opcode) {
      case Pickle.NONE -> push(new Value.None());
      case Pickle.NEWTRUE -> push(new Value.Bool(true));
      case Pickle.NEWFALSE -> push(new Value.Bool(false));
      case Pickle.BININT -> push(new Value.Int(input.signedInt()));
      case Pickle.BININT1 -> push(new Value.Int(input.unsignedByte()));
      case Pickle.BININT2 -> push(new Value.Int(input.unsignedShort()));
      case Pickle.LONG1 -> push(new Value.Int(input.longOf(input.unsignedByte())));
      case Pickle.BINFLOAT -> push(new Value.Real(input.bigEndianDouble()));
      case Pickle.BINUNICODE -> push(new Value.Text(input.utf8(input.unsignedInt())));
      case Pickle.EMPTY_LIST -> stack.push(new PickleValue.PyList(new ArrayList<>()));
      case Pickle.EMPTY_DICT -> stack.push(new PickleValue.Dict(new LinkedHashMap<>()));
      case Pickle.EMPTY_TUPLE -> stack.push(new PickleValue.Tuple(List.of()));
      case Pickle.TUPLE1 -> stack.push(new PickleValue.Tuple(stack.pop(1)));
      case Pickle.TUPLE2 -> stack.push(new PickleValue.Tuple(stack.pop(2)));
      case Pickle.TUPLE3 -> stack.push(new PickleValue.Tuple(stack.pop(3)));
      case Pickle.TUPLE -> stack.push(new PickleValue.Tuple(stack.popMarked()));
      case Pickle.MARK -> stack.mark();
      case Pickle.APPEND -> append(stack.pop(1));
      case Pickle.APPENDS -> append(stack.popMarked());
      case Pickle.SETITEM -> setItems(stack.pop(2));
      case Pickle.SETITEMS -> setItems(stack.popMarked());
      case Pickle.BINPUT -> stack.remember(input.unsignedByte());
      case Pickle.LONG_BINPUT -> stack.remember(input.unsignedInt());
      case Pickle.BINGET -> stack.recall(input.unsignedByte());
      case Pickle.LONG_BINGET -> stack.recall(input.unsignedInt());
      case Pickle.GLOBAL -> stack.push(objects.global(input.nameLine(), input.nameLine()));
      case Pickle.BINPERSID -> stack.push(objects.storage(stack.pop()));
      case Pickle.REDUCE -> {
        PickleValue arguments = stack.pop();
        stack.push(objects.call(stack.pop(), arguments));
      }
      case Pickle.BUILD -> {
        PickleValue state = stack.pop();
        objects.setState(stack.top(), state);
      }
      default ->
          throw origin.refuse(
              String.format(
                  Locale.ROOT,
                  "has instruction 0x%02x at byte %d, which is not one of those in a state dict",
                  opcode,
                  input.position() - 1));
    }
  }

  private void push(Value value) throws CheckpointException {
    stack.push(new PickleValue.Leaf(value));
  }

  private void append(List<PickleValue> items) throws CheckpointException {
    if (!(stack.top() instanceof PickleValue.PyList(var list))) {
      throw origin.refuse("appends to " + stack.top().describe() + " as if it were a list");
    }
    list.addAll(items);
  }

  private void setItems(List<PickleValue> keysAndValues) throws CheckpointException {
    if (!(stack.top() instanceof PickleValue.Dict(Map<Value.Key, PickleValue> dict))) {
      throw origin.refuse("puts items into " + stack.top().describe() + " as if it were a dict");
    }
    if (keysAndValues.size() % 2 != 0) {
      throw origin.refuse("puts a key without a value into a dict");
    }
    for (int i = 0; i < keysAndValues.size(); i += 2) {
      // Hashing any other value could walk a structure that contains itself.
      if (!(keysAndValues.get(i) instanceof PickleValue.Leaf(Value.Key key))) {
        throw origin.refuse(
            "has a dict with "
                + keysAndValues.get(i).describe()
                + " as a key; keys must be strings or integers");
      }
      dict.put(key, keysAndValues.get(i + 1));
    }
  }
}
