package dev.lanewise.examples;

import dev.lanewise.checkpoint.CheckpointException;
import dev.lanewise.checkpoint.StateDict;
import dev.lanewise.checkpoint.Value;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Lists the tensors in a checkpoint of PyTorch, safetensors or NumPy, with type, shape and size; of
 * other values the kind. The file is mapped, so that a large one is listed in an instant, and may
 * be hostile.
 */
public final class ListCheckpoint {
  private final List<String[]> rows = new ArrayList<>();
  private long tensors;
  private long bytes;

  private ListCheckpoint() {}

  /**
   * Lists a file.
   *
   * @param args the file: {@code -Ddemo.args=model.pth}
   */
  public static void main(String[] args) {
    String file = String.join(" ", args).strip();
    if (file.isEmpty()) {
      System.out.println("usage: -Ddemo.args=CHECKPOINT");
      return;
    }
    try (Arena arena = Arena.ofConfined()) {
      var list = new ListCheckpoint();
      StateDict.map(Path.of(file), arena).asMap().forEach(list::add);
      list.print();
    } catch (CheckpointException e) {
      System.out.println(e.getMessage());
    }
  }

  private void add(String name, Value value) {
    switch (value) {
      case Value.TensorValue(Tensor tensor) -> {
        long size = tensor.shape().elementCount() * tensor.dtype().sizeBytes();
        tensors++;
        bytes += size;
        row(name, tensor.dtype().toString(), tensor.shape().toString(), size(size));
      }
      case Value.Dict(var items) ->
          items.forEach((key, item) -> {
            String step =
                switch (key) {
                  case Value.Text(String text) -> text;
                  case Value.Int(long number) -> Long.toString(number);
                };
            add(name + "." + step, item);
          });
      case Value.PyList(var items) -> addAll(name, items);
      case Value.Tuple(var items) -> addAll(name, items);
      case Value.Text(String text) -> row(name, "string", "", text.length() + " characters");
      case Value other -> row(name, other.kind(), "", "");
    }
  }

  private void addAll(String name, List<Value> items) {
    // The words of a vocabulary are one line, a list of tensors or dicts is as many as it has.
    boolean isPlain = items.stream().allMatch(item -> item instanceof Value.Text);
    if (isPlain) {
      row(name, "list", "", items.size() + " strings");
      return;
    }
    for (int i = 0; i < items.size(); i++) {
      add(name + "[" + i + "]", items.get(i));
    }
  }

  private void row(String... cells) {
    // A name may hold anything, also what moves a terminal's cursor.
    cells[0] = cells[0].replaceAll("\\p{Cntrl}", "?");
    rows.add(cells);
  }

  private void print() {
    int[] widths = new int[4];
    for (String[] row : rows) {
      Arrays.setAll(widths, i -> Math.max(widths[i], row[i].length()));
    }
    String format = "%-" + widths[0] + "s  %-" + widths[1] + "s  %-" + widths[2] + "s  %s";
    for (String[] row : rows) {
      System.out.println(String.format(Locale.ROOT, format, (Object[]) row).stripTrailing());
    }
    System.out.println(tensors + (tensors == 1 ? " tensor, " : " tensors, ") + size(bytes));
  }

  private static String size(long bytes) {
    String[] units = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    double value = bytes;
    int unit = 0;
    while (value >= 1024 && unit < units.length - 1) {
      value /= 1024;
      unit++;
    }
    return String.format(Locale.ROOT, unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
  }
}
