package dev.lanewise.checkpoint;

import dev.lanewise.internal.check.Check;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Operand;
import dev.lanewise.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.Set;

/**
 * An ordered map of names to tensors and plain values: what a model is made of, as PyTorch's {@code
 * Module.state_dict()} gives it, or a whole checkpoint with an epoch number and an optimizer's
 * state beside the model.
 *
 * <pre>{@code
 * StateDict.of("emb.weight", embedding.weight()).save(Path.of("embedding.pth"));   // torch.load reads it
 *
 * StateDict saved = StateDict.load(Path.of("embedding.pth"), arena);               // or StateDict.map
 * saved.copyTo(StateDict.of("emb.weight", embedding.weight()));
 * }</pre>
 *
 * <p>The map holds the tensors themselves, not copies: of a parameter its value. Names may hold any
 * text; a dot is only a convention. The order is that of insertion. Not thread-safe while names are
 * put; tensors are as thread-safe as they are elsewhere.
 *
 * <p><b>Reading.</b> {@link #load} copies, {@link #map} maps. Both recognise the file by its
 * content: {@link Format#PYTORCH}, {@link Format#SAFETENSORS} or {@link Format#NPZ}; a single
 * {@code .npy} array is read by {@link Npy}. Types, shapes, strides and bits are those saved;
 * tensors that shared a storage share memory. Numbers of the other byte order are converted,
 * deflated entries inflated.
 *
 * <p>Of a PyTorch file (1.6 or later) everything is read that state dicts are made of: tensors of
 * every {@link DType} (a file that has others, such as complex or float8, is refused), parameters,
 * dicts, lists, tuples, numbers, strings, booleans, None, {@code torch.Size} and dtypes. The top
 * must be a dict with strings as keys, for example a module's {@code state_dict()}; its attribute
 * {@code _metadata} is left out. Tensors saved on another device are read as well.
 *
 * <p>For uint16, uint32 and uint64 PyTorch has no typed storage: they are read and written as views
 * of an {@code UntypedStorage}. One that is read may have tensors of several types; in the other
 * byte order they must be of one size, and it a whole number of them.
 *
 * <p><b>Hostile files.</b> A file may hold anything: reading gives a state dict or a {@link
 * CheckpointException} that names file, entry and reason. Nothing in a file is ever loaded as a
 * class or run; any other Python name is refused. What a file says of its sizes is compared with
 * the file before memory is taken, and memory is taken only after everything but the elements was
 * read and checked. The heap needed is at most a fixed multiple of what describes the tensors, and
 * below 1 GiB: a pickle or a zip directory of more than 64 MiB, a pickle of more than 2^23
 * instructions, a safetensors header of more than 100,000,000 bytes are refused. Memory for
 * elements is at most the file's size, or 1,032 times that where entries are deflated. Time is
 * linear in these (times a logarithm). A tensor has at most 64 dimensions. If reading fails, no
 * state dict is returned, but memory already taken from the arena stays with it.
 */
public final class StateDict {
  private final SequencedMap<String, Value> values = new LinkedHashMap<>();

  /** An empty state dict, to be filled with {@link #put}. */
  public StateDict() {}

  /**
   * A state dict of one tensor.
   *
   * @param name its name
   * @param operand the tensor or parameter
   * @return the state dict
   */
  public static StateDict of(String name, Operand operand) {
    return new StateDict().put(name, operand);
  }

  /**
   * A state dict of two tensors.
   *
   * @param name1 the first name
   * @param operand1 the tensor or parameter of that name
   * @param name2 the second name
   * @param operand2 the tensor or parameter of that name
   * @return the state dict
   * @throws IllegalArgumentException if a name occurs twice
   */
  public static StateDict of(String name1, Operand operand1, String name2, Operand operand2) {
    return of(name1, operand1).put(name2, operand2);
  }

  /**
   * A state dict of three tensors.
   *
   * @param name1 the first name
   * @param operand1 the tensor or parameter of that name
   * @param name2 the second name
   * @param operand2 the tensor or parameter of that name
   * @param name3 the third name
   * @param operand3 the tensor or parameter of that name
   * @return the state dict
   * @throws IllegalArgumentException if a name occurs twice
   */
  public static StateDict of(
      String name1,
      Operand operand1,
      String name2,
      Operand operand2,
      String name3,
      Operand operand3) {
    return of(name1, operand1, name2, operand2).put(name3, operand3);
  }

  /**
   * A state dict of four tensors.
   *
   * @param name1 the first name
   * @param operand1 the tensor or parameter of that name
   * @param name2 the second name
   * @param operand2 the tensor or parameter of that name
   * @param name3 the third name
   * @param operand3 the tensor or parameter of that name
   * @param name4 the fourth name
   * @param operand4 the tensor or parameter of that name
   * @return the state dict
   * @throws IllegalArgumentException if a name occurs twice
   */
  public static StateDict of(
      String name1,
      Operand operand1,
      String name2,
      Operand operand2,
      String name3,
      Operand operand3,
      String name4,
      Operand operand4) {
    return of(name1, operand1, name2, operand2, name3, operand3).put(name4, operand4);
  }

  /**
   * Adds a tensor behind what there is. A name is never replaced: two layers that save under one
   * name would lose one of them.
   *
   * @param name a name that is not there yet
   * @param operand the tensor, or the parameter whose value is meant
   * @return this
   * @throws IllegalArgumentException if the name is there already, or has an unpaired surrogate
   */
  public StateDict put(String name, Operand operand) {
    return put(name, Value.of(operand));
  }

  /**
   * Adds a nested dict: the names and values that another state dict has now.
   *
   * @param name a name that is not there yet
   * @param nested what the dict will hold
   * @return this
   * @throws IllegalArgumentException if the name is there already, or has an unpaired surrogate, or
   *     dicts would nest deeper than {@link Value#MAX_DEPTH}
   */
  public StateDict put(String name, StateDict nested) {
    return put(name, nested.toDict());
  }

  /**
   * Adds a value of any kind behind those there are.
   *
   * @param name a name that is not there yet
   * @param value the value
   * @return this
   * @throws IllegalArgumentException if the name is there already, or has an unpaired surrogate, or
   *     the value's containers nest deeper than {@link Value#MAX_DEPTH}
   */
  public StateDict put(String name, Value value) {
    return put(new Value.Text(name), value);
  }

  /** The same, of a name that was checked before. */
  StateDict put(Value.Text key, Value value) {
    String name = key.text();
    if (values.containsKey(name)) {
      throw new IllegalArgumentException("there is a value named \"" + name + "\" already");
    }
    requireDepth(name, value, 0);
    values.put(name, value);
    return this;
  }

  private static void requireDepth(String name, Value value, int depth) {
    if (depth > Value.MAX_DEPTH) {
      throw new IllegalArgumentException(
          "\"" + name + "\" nests more than " + Value.MAX_DEPTH + " containers in each other");
    }
    for (Value item : contents(value)) {
      requireDepth(name, item, depth + 1);
    }
  }

  /** What a container holds; nothing for other values. */
  private static Collection<Value> contents(Value value) {
    if (value instanceof Value.PyList(List<Value> items)) {
      return items;
    }
    if (value instanceof Value.Tuple(List<Value> items)) {
      return items;
    }
    return value instanceof Value.Dict(var items) ? items.values() : List.of();
  }

  /**
   * The tensor of a name.
   *
   * @param name the name of a tensor
   * @return the tensor, not a copy
   * @throws IllegalArgumentException if there is no such name, and the message lists the names
   *     there are; or if the value is no tensor
   */
  public Tensor get(String name) {
    return switch (value(name)) {
      case Value.TensorValue(Tensor tensor) -> tensor;
      case Value other ->
          throw new IllegalArgumentException(
              "\"" + name + "\" is " + other.kind() + ", not a tensor");
    };
  }

  /**
   * The value of a name, whatever it is.
   *
   * @param name a name that is there
   * @return the value
   * @throws IllegalArgumentException if there is no such name; the message lists the names there
   *     are
   */
  public Value value(String name) {
    Value value = values.get(name);
    if (value == null) {
      throw new IllegalArgumentException(
          "no tensor or value is named \"" + name + "\"; there are " + values.keySet());
    }
    return value;
  }

  /**
   * A nested dict as a state dict: {@code checkpoint.dict("model").get("emb.weight")}.
   *
   * @param name the name of a dict whose keys are strings
   * @return a new state dict of the same values; putting names into it does not change this one
   * @throws IllegalArgumentException if there is no such name, or its value is something else
   */
  public StateDict dict(String name) {
    if (!(value(name) instanceof Value.Dict dict)) {
      throw new IllegalArgumentException(
          "\"" + name + "\" is " + value(name).kind() + ", not a dict");
    }
    var nested = new StateDict();
    dict.items()
        .forEach((key, item) -> {
          if (!(key instanceof Value.Text(String text))) {
            throw new IllegalArgumentException(
                "the dict \""
                    + name
                    + "\" has the key "
                    + StateDictPrinter.key(key)
                    + ", not a name");
          }
          nested.put(text, item);
        });
    return nested;
  }

  /**
   * Whether there is a value of a name.
   *
   * @param name any text
   * @return true if {@link #value} would find it
   */
  public boolean contains(String name) {
    return values.containsKey(name);
  }

  /**
   * The names of all values, in order.
   *
   * @return a view that cannot be changed
   */
  public Set<String> names() {
    return Collections.unmodifiableSet(values.keySet());
  }

  /**
   * The values that are tensors, by name and in order; none of nested containers.
   *
   * @return a copy that cannot be changed
   */
  public SequencedMap<String, Tensor> tensors() {
    SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
    values.forEach((name, value) -> {
      if (value instanceof Value.TensorValue(Tensor tensor)) {
        tensors.put(name, tensor);
      }
    });
    return Collections.unmodifiableSequencedMap(tensors);
  }

  /**
   * Names and values, in order.
   *
   * @return a view that cannot be changed
   */
  public SequencedMap<String, Value> asMap() {
    return Collections.unmodifiableSequencedMap(values);
  }

  /**
   * The names and values there are now, as a value that another state dict can hold.
   *
   * @return a dict
   */
  public Value.Dict toDict() {
    return Value.Dict.of(values);
  }

  /**
   * How many values there are.
   *
   * @return the count of names
   */
  public int size() {
    return values.size();
  }

  /**
   * Writes a zip file that {@code torch.load(path)} reads as an {@code OrderedDict}, as {@link
   * #save(Path, Format)} does with {@link Format#PYTORCH}.
   *
   * @param path the file to create or replace, in a folder that exists
   * @throws IOException if the file cannot be written
   * @throws IllegalStateException if the memory of a tensor is closed
   * @throws WrongThreadException if a tensor belongs to a confined arena of another thread
   * @throws IllegalArgumentException if the path does not name a file
   */
  public void save(Path path) throws IOException {
    save(path, Format.PYTORCH);
  }

  /**
   * Writes a file: the same names, types, shapes and bits, and with {@link Format#PYTORCH} the
   * other values and the order. Tensors have {@code requires_grad=False} there.
   *
   * <p>For PyTorch a view over memory without gaps (contiguous, transposed, expanded) is written as
   * that memory with the view's strides. Such views that overlap share their memory in the file,
   * and views with gaps inside them do too, as tied weights do in PyTorch. A view with gaps that
   * lies in no other (some columns of a table) is written without them. In the other formats each
   * tensor is written by itself, row by row.
   *
   * <p>The file is written under another name beside its target, forced to the disk, and renamed in
   * one step; after a failure the target is what it was. Where the path is a symbolic link, the
   * file it points to is replaced. The same values saved under the same file name give the same
   * bytes. Memory is read once, and must not be written meanwhile. Needs a few MiB however large
   * the tensors are.
   *
   * @param path the file to create or replace, in a folder that exists
   * @param format which format
   * @throws IOException if the file cannot be written
   * @throws IllegalStateException if the memory of a tensor is closed
   * @throws WrongThreadException if a tensor belongs to a confined arena of another thread
   * @throws IllegalArgumentException if the path does not name a file, or the format cannot hold
   *     one of the values; the message names it, and nothing was written
   */
  public void save(Path path, Format format) throws IOException {
    values.forEach(StateDict::requireAccessible);
    switch (format) {
      case PYTORCH -> TorchWriter.write(this, path);
      case SAFETENSORS -> SafetensorsWriter.write(this, path);
      case NPZ -> NpzWriter.write(this, path);
    }
  }

  private static void requireAccessible(String name, Value value) {
    switch (value) {
      case Value.TensorValue(Tensor tensor) -> Check.accessible(name, tensor);
      case Value.PyList(List<Value> items) -> items.forEach(item -> requireAccessible(name, item));
      case Value.Tuple(List<Value> items) -> items.forEach(item -> requireAccessible(name, item));
      case Value.Dict(var items) ->
          items.forEach(
              (key, item) -> requireAccessible(name + "." + StateDictPrinter.key(key), item));
      case Value.Int _, Value.Real _, Value.Bool _, Value.Text _ -> {}
      case Value.None _, Value.Type _, Value.Size _ -> {}
    }
  }

  /**
   * Reads a file into memory of an arena, each storage aligned to 64 bytes. Checksums are verified
   * where the format has them (zip files do, unless they were written without: {@code
   * torch.serialization.set_crc32_options(False)}).
   *
   * @param path the file, in any {@link Format}
   * @param arena whose memory the tensors are
   * @return the state dict; its tensors can be written
   * @throws CheckpointException if the file is missing, damaged, of another format or holds
   *     something that is not read
   */
  public static StateDict load(Path path, Arena arena) throws CheckpointException {
    return CheckpointFile.read(path, arena, Access.COPY);
  }

  /**
   * Opens a file without reading its elements: the tensors are read-only views of the file, mapped
   * into memory until the arena is closed. Takes milliseconds and touches only what describes the
   * tensors, whatever the file's size; elements come from the disk, or the page cache that all
   * processes share, when they are used.
   *
   * <p>All that {@link #load} checks is checked, except the checksums of mapped elements, which
   * would mean reading them: see {@link #verify}. Elements may lie at any address (PyTorch aligns
   * them to 64 bytes, others do not), which all operations here accept. What cannot be mapped is
   * read into the arena as {@code load} would: deflated entries, and numbers of the other byte
   * order.
   *
   * <p>The file must not be changed or cut while it is mapped: what is read then is undefined, and
   * where it was cut, an {@link InternalError}. {@link #save} replaces a file instead of changing
   * it, so a mapped one can be saved over. An arena of {@code ofShared} or {@code ofAuto} lets all
   * threads use the tensors.
   *
   * @param path the file, in any {@link Format}
   * @param arena which closes the mapping
   * @return the state dict; its tensors cannot be written
   * @throws CheckpointException if the file is missing, damaged, of another format or holds
   *     something that is not read
   */
  public static StateDict map(Path path, Arena arena) throws CheckpointException {
    return CheckpointFile.read(path, arena, Access.MAP);
  }

  /**
   * Reads a whole file and checks all there is to check, the checksums of zip files included (all
   * entries, whether or not a tensor needs them), without keeping anything. Needs as much memory as
   * {@link #map} does, and a few MiB.
   *
   * @param path the file, in any {@link Format}
   * @throws CheckpointException if {@link #load} would refuse the file, or a checksum is wrong
   */
  public static void verify(Path path) throws CheckpointException {
    CheckpointFile.verify(path);
  }

  /**
   * Copies every tensor into the tensor of the same name in a model's state dict, as {@code
   * load_state_dict} does. Shapes must be the same on both sides, and unless an option says
   * otherwise names and types too; strides and order may differ. Everything is checked before
   * anything is written.
   *
   * <p>Plain values are passed over, but a list, tuple or dict on this side counts as an unexpected
   * name: the model may be in it.
   *
   * <p>The two sides must not share memory, except that a tensor may be copied onto itself.
   *
   * @param target the tensors to overwrite
   * @param options what need not match; none for a strict copy
   * @return the names that one side does not have; empty for a strict copy
   * @throws IllegalArgumentException if a name is missing on either side, or a type or shape
   *     differs, or a target is read-only or repeats elements; the message lists every mismatch,
   *     and nothing was written
   * @throws WrongThreadException if a tensor belongs to a confined arena of another thread
   * @throws IllegalStateException if the memory of a tensor is closed
   */
  public CopyReport copyTo(StateDict target, CopyOption... options) {
    Set<CopyOption> set = EnumSet.noneOf(CopyOption.class);
    Collections.addAll(set, options);
    return StateCopy.copy(this, target, set);
  }

  /**
   * The same names and values with floating-point tensors of another type converted, rounded to
   * nearest even where that type is narrower, as {@code Module.to(dtype)} does. Tensors of that
   * type already, of integers and of bool are the same ones; nested containers are kept as they
   * are.
   *
   * @param dtype a floating-point type
   * @param arena whose memory the converted tensors are
   * @return a new state dict
   * @throws IllegalArgumentException if the type is not a floating-point type
   */
  public StateDict to(DType dtype, Arena arena) {
    if (!dtype.isFloatingPoint()) {
      throw new IllegalArgumentException(
          "a state dict can be converted to a floating-point type, not to " + dtype);
    }
    var converted = new StateDict();
    values.forEach((name, value) -> {
      if (value instanceof Value.TensorValue(Tensor tensor)
          && tensor.dtype().isFloatingPoint()
          && tensor.dtype() != dtype) {
        Check.accessible(name, tensor);
        converted.put(name, Tensor.allocate(arena, dtype, tensor.shape()).convertFrom(tensor));
      } else {
        converted.put(name, value);
      }
    });
    return converted;
  }

  /**
   * Names, types and shapes of the tensors and the other values, those in containers indented.
   *
   * @return a line for each, for example {@code emb.weight float32 [5, 3]}
   */
  @Override
  public String toString() {
    return StateDictPrinter.print(values);
  }
}
