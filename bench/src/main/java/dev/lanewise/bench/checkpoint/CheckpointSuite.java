package dev.lanewise.bench.checkpoint;

import dev.lanewise.checkpoint.Format;
import dev.lanewise.checkpoint.StateDict;
import dev.lanewise.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Writes a large model in each format and plainly, one after the other in each round, each forced
 * to the disk; then opens and loads the files. Prints the medians, those of the ratios too.
 */
@Command(
    name = "checkpoint",
    mixinStandardHelpOptions = true,
    description = "Writes, opens and loads large checkpoints.")
public final class CheckpointSuite implements Callable<Integer> {
  private static final int TENSORS = 100;
  private static final int PIECE_BYTES = 1 << 20;
  private static final String PLAIN = "write plain";

  @Option(names = "--mib", description = "The size of the model.")
  private int mib = 2048;

  @Option(names = "--rounds", description = "How often each file is written.")
  private int rounds = 5;

  @Option(names = "--loads", description = "How often each file is loaded.")
  private int loads = 3;

  @Option(names = "--opens", description = "How often each file is opened.")
  private int opens = 20;

  @Option(names = "--folder", description = "Where the files are made, and deleted again.")
  private Path folder = Path.of("checkpoint-suite");

  private final Map<String, List<Double>> seconds = new LinkedHashMap<>();

  private CheckpointSuite() {}

  /** The program. */
  public static void main(String... arguments) {
    System.exit(new CommandLine(new CheckpointSuite()).execute(arguments));
  }

  private interface Work {
    void run() throws IOException;
  }

  private record Write(String name, Path file, Work work) {}

  @Override
  public Integer call() throws IOException {
    Files.createDirectories(folder);
    Path plain = folder.resolve("plain");
    Path torch = folder.resolve("model.pth");
    Path safetensors = folder.resolve("model.safetensors");
    try (Arena arena = Arena.ofConfined()) {
      StateDict model = model(arena);
      List<Write> order =
          new ArrayList<>(
              List.of(
                  new Write(PLAIN, plain, () -> writePlainly(model, plain)),
                  new Write("write pth", torch, () -> model.save(torch)),
                  new Write(
                      "write safetensors",
                      safetensors,
                      () -> model.save(safetensors, Format.SAFETENSORS))));
      for (int round = 0; round < rounds; round++) {
        for (Write write : order) {
          // All write a new file. Beside an old one of 2 GiB, which a save keeps until the new one
          // is whole, any program may be slower: the system needs as much memory again.
          Files.deleteIfExists(write.file);
          time(write.name, write.work);
        }
        // What was written before may matter too: each goes first once in a while.
        Collections.rotate(order, 1);
      }
      open("open pth", torch);
      open("open safetensors", safetensors);
      for (int round = 0; round < loads; round++) {
        load("load pth", torch);
        load("load safetensors", safetensors);
      }
      report(List.of(plain, torch, safetensors));
    } finally {
      for (Path file : List.of(plain, torch, safetensors)) {
        Files.deleteIfExists(file);
      }
    }
    return 0;
  }

  private StateDict model(Arena arena) {
    long elements = ((long) mib << 20) / Float.BYTES / TENSORS;
    StateDict model = new StateDict();
    for (int i = 0; i < TENSORS; i++) {
      Tensor tensor = Tensor.zeros(arena, elements);
      for (long at = 0; at < elements; at++) {
        tensor.segment().setAtIndex(java.lang.foreign.ValueLayout.JAVA_FLOAT, at, at * 0.37f + i);
      }
      model.put("layer" + i + ".weight", tensor);
    }
    return model;
  }

  /** What a program without any format would do: all bytes, from where they are, into a file. */
  private static void writePlainly(StateDict model, Path file) throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      for (Tensor tensor : model.tensors().values()) {
        ByteBuffer bytes = tensor.segment().asByteBuffer();
        while (bytes.hasRemaining()) {
          ByteBuffer piece =
              bytes.slice(bytes.position(), Math.min(PIECE_BYTES, bytes.remaining()));
          bytes.position(bytes.position() + channel.write(piece));
        }
      }
      channel.force(true);
    }
  }

  private void open(String name, Path file) throws IOException {
    for (int i = 0; i < opens; i++) {
      try (Arena arena = Arena.ofConfined()) {
        time(i == 0 ? name + " (first)" : name, () -> StateDict.map(file, arena));
      }
    }
  }

  private void load(String name, Path file) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      time(name, () -> StateDict.load(file, arena));
    }
  }

  private void time(String name, Work work) throws IOException {
    long start = System.nanoTime();
    work.run();
    seconds
        .computeIfAbsent(name, absent -> new ArrayList<>())
        .add((System.nanoTime() - start) * 1e-9);
  }

  private void report(List<Path> files) throws IOException {
    for (Path file : files) {
      System.out.printf(Locale.ROOT, "%-24s %,15d bytes%n", file.getFileName(), Files.size(file));
    }
    List<Double> plain = seconds.getOrDefault(PLAIN, List.of());
    seconds.forEach((name, values) -> {
      double median = median(values);
      String beside =
          name.startsWith("write")
              ? String.format(Locale.ROOT, "  %.3f of plain", median(ratios(values, plain)))
              : "";
      System.out.printf(
          Locale.ROOT,
          "%-24s median %9.2f ms of %d (%.2f to %.2f)%s%n",
          name,
          1e3 * median,
          values.size(),
          1e3 * Collections.min(values),
          1e3 * Collections.max(values),
          beside);
    });
  }

  /** Of each round by itself. */
  private static List<Double> ratios(List<Double> values, List<Double> others) {
    List<Double> ratios = new ArrayList<>();
    for (int i = 0; i < values.size(); i++) {
      ratios.add(values.get(i) / others.get(i));
    }
    return ratios;
  }

  private static double median(List<Double> values) {
    List<Double> sorted = values.stream().sorted().toList();
    return sorted.get(sorted.size() / 2);
  }
}
