package dev.lanewise.checkpoint;

import dev.lanewise.internal.check.Check;
import dev.lanewise.tensor.Operand;
import dev.lanewise.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;

/**
 * An ordered map of names to tensors: what a model is made of, as PyTorch's {@code
 * Module.state_dict()} gives it.
 *
 * <pre>{@code
 * StateDict.of("emb.weight", embedding.weight()).save(Path.of("embedding.pth"));   // torch.load reads it
 *
 * StateDict saved = StateDict.load(Path.of("embedding.pth"), arena);
 * saved.copyTo(StateDict.of("emb.weight", embedding.weight()));
 * }</pre>
 *
 * <p>The map holds the tensors themselves, not copies: of a parameter its value. Names may hold any
 * text; a dot is only a convention. The order is that of insertion, in files too. Not thread-safe
 * while names are put; tensors are as thread-safe as they are elsewhere.
 *
 * <p>The file format is described in <a
 * href="https://docs.pytorch.org/docs/stable/notes/serialization.html">PyTorch's serialization
 * notes</a>.
 */
public final class StateDict {
  private final SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();

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
   * Adds a tensor behind those there are. A name is never replaced: two layers that save under one
   * name would lose one of them.
   *
   * @param name a name that is not there yet
   * @param operand the tensor, or the parameter whose value is meant
   * @return this
   * @throws IllegalArgumentException if the name is there already, or is not Unicode text (an
   *     unpaired surrogate)
   */
  public StateDict put(String name, Operand operand) {
    if (!StandardCharsets.UTF_8.newEncoder().canEncode(name)) {
      throw new IllegalArgumentException(
          "name \"" + name + "\" has an unpaired surrogate, which no file can hold");
    }
    if (tensors.containsKey(name)) {
      throw new IllegalArgumentException("there is a tensor named \"" + name + "\" already");
    }
    tensors.put(name, operand.value());
    return this;
  }

  /**
   * The tensor of a name.
   *
   * @param name a name that is there
   * @return the tensor, not a copy
   * @throws IllegalArgumentException if there is no such name; the message lists the names there
   *     are
   */
  public Tensor get(String name) {
    Tensor tensor = tensors.get(name);
    if (tensor == null) {
      throw new IllegalArgumentException(
          "no tensor is named \"" + name + "\"; there are " + tensors.keySet());
    }
    return tensor;
  }

  /**
   * Whether there is a tensor of a name.
   *
   * @param name any text
   * @return true if {@link #get} would find it
   */
  public boolean contains(String name) {
    return tensors.containsKey(name);
  }

  /**
   * The names, in order.
   *
   * @return a view that cannot be changed
   */
  public Set<String> names() {
    return Collections.unmodifiableSet(tensors.keySet());
  }

  /**
   * The tensors, in the order of their names.
   *
   * @return a view that cannot be changed
   */
  public Collection<Tensor> tensors() {
    return Collections.unmodifiableCollection(tensors.values());
  }

  /**
   * Names and tensors, in order.
   *
   * @return a view that cannot be changed
   */
  public SequencedMap<String, Tensor> asMap() {
    return Collections.unmodifiableSequencedMap(tensors);
  }

  /**
   * How many tensors there are.
   *
   * @return the count
   */
  public int size() {
    return tensors.size();
  }

  /**
   * Writes a zip file that {@code torch.load(path)} reads as an {@code OrderedDict} of tensors with
   * {@code requires_grad=False}: the same names in the same order, types, shapes and bits.
   *
   * <p>A view over memory without gaps (contiguous, transposed, expanded) is written as that memory
   * with the view's strides; views over exactly the same memory share it in the file, as tied
   * weights do in PyTorch. A view with gaps (some columns of a table) is written without them.
   * Views that merely overlap become independent.
   *
   * <p>The file is written under another name beside its target, forced to the disk, and renamed in
   * one step; after a failure the target is what it was. Where the path is a symbolic link, the
   * file it points to is replaced. The same tensors saved under the same file name give the same
   * bytes. Memory is read twice (checksum, then copy) and must not be written meanwhile; a change
   * is noticed, and fails the save. Needs a few MiB however large the tensors are.
   *
   * @param path the file to create or replace, in a folder that exists
   * @throws IOException if the file cannot be written, or a tensor was written to during the save
   * @throws IllegalStateException if the memory of a tensor is closed
   * @throws WrongThreadException if a tensor belongs to a confined arena of another thread
   * @throws IllegalArgumentException if the path does not name a file
   */
  public void save(Path path) throws IOException {
    tensors.forEach(Check::accessible);
    CheckpointWriter.write(asMap(), path);
  }

  /**
   * Reads a zip file that {@code torch.save} (PyTorch 1.6 or later) or {@link #save} wrote: a dict
   * whose keys are strings and whose values are tensors or parameters, for example a module's
   * {@code state_dict()}.
   *
   * <p>Types, shapes, strides and bits are those saved; tensors that shared a storage share memory
   * here. Each storage is copied into the arena, aligned to 64 bytes. Tensors saved on another
   * device are read as well. Values that are numbers, strings, booleans or None are left out, and
   * so is a module's {@code _metadata}; a nested dict, list or tuple is refused, because leaving it
   * out could hide a model.
   *
   * <p>Anything else is refused by name, and nothing in the file is ever loaded as a class or run.
   * Checksums are verified, unless the file was written without ({@code
   * torch.serialization.set_crc32_options(False)}). Sizes are checked against the file before
   * memory is allocated. If reading fails, no state dict is returned, but memory already taken from
   * the arena stays with it.
   *
   * @param path the file
   * @param arena whose memory the tensors are
   * @return the state dict
   * @throws CheckpointException if the file is missing, damaged, of another format or holds
   *     something that is not read
   */
  public static StateDict load(Path path, Arena arena) throws CheckpointException {
    return CheckpointReader.read(path, arena);
  }

  /**
   * Copies every tensor into the tensor of the same name in a model's state dict, as {@code
   * load_state_dict(strict=True)} does. Names, types and shapes must be the same on both sides;
   * strides and order may differ. Everything is checked before anything is written.
   *
   * <p>The two sides must not share memory, except that a tensor may be copied onto itself.
   *
   * @param target the tensors to overwrite
   * @throws IllegalArgumentException if a name is missing on either side, or a type or shape
   *     differs, or a target is read-only or repeats elements; the message lists every mismatch,
   *     and nothing was written
   * @throws WrongThreadException if a tensor belongs to a confined arena of another thread
   * @throws IllegalStateException if the memory of a tensor is closed
   */
  public void copyTo(StateDict target) {
    StrictCopy.copy(tensors, target.tensors);
  }

  /**
   * The tensors' names, types and shapes.
   *
   * @return a line for each, for example {@code emb.weight float32 [5, 3]}
   */
  @Override
  public String toString() {
    var text = new StringBuilder("StateDict of " + size() + (size() == 1 ? " tensor" : " tensors"));
    for (Map.Entry<String, Tensor> each : tensors.entrySet()) {
      Tensor tensor = each.getValue();
      text.append("\n  ")
          .append(each.getKey())
          .append(' ')
          .append(tensor.dtype())
          .append(' ')
          .append(tensor.shape());
    }
    return text.toString();
  }
}
