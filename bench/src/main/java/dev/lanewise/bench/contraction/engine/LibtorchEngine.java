package dev.lanewise.bench.contraction.engine;

import dev.lanewise.bench.contraction.cases.ContractionCase;
import dev.lanewise.bench.contraction.cases.Data;
import dev.lanewise.bench.contraction.cases.Layout;
import dev.lanewise.bench.engine.Engine;
import dev.lanewise.bench.engine.Libtorch;
import dev.lanewise.bench.engine.Trial;
import dev.lanewise.bench.engine.UntrackedWork;
import dev.lanewise.bench.engine.Work;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.pytorch.InferenceMode;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * libtorch, what PyTorch is made of, by its C++ interface: no Python, no gradients. Tensors are
 * views of the case's memory, made beforehand.
 */
final class LibtorchEngine implements Engine<ContractionCase, Data> {
  /** Which of its ways to compute a contraction is taken. */
  enum Door {
    /** The quickest call for the equation, with the output given where there is one that has it. */
    QUICKEST,
    /** {@code at::einsum}, which returns a new tensor. */
    EINSUM
  }

  private final Door door;

  LibtorchEngine(Door door) {
    this.door = door;
  }

  @Override
  public boolean supports(ContractionCase contraction) {
    return door == Door.QUICKEST || contraction.group().equals("einsum");
  }

  @Override
  public Work prepare(ContractionCase contraction, Data data) {
    Libtorch.useThreads(contraction.threads());
    InferenceMode untracked = new InferenceMode(true);
    List<Layout> layouts = contraction.layouts();
    Tensor[] operands =
        IntStream.range(0, layouts.size())
            .mapToObj(operand -> tensor(data.operand(operand), layouts.get(operand)))
            .toArray(Tensor[]::new);
    Tensor out = tensor(data.output(), contraction.output());
    Work work =
        contraction.hasLookup()
            ? lookup(contraction, data, operands, out)
            : door == Door.EINSUM
                ? einsum(contraction.equation(), operands, out)
                : quickest(contraction.equation(), operands, out);
    return new UntrackedWork(work, untracked);
  }

  @Override
  public Map<String, String> facts() {
    return Libtorch.facts();
  }

  private static Work quickest(String equation, Tensor[] operands, Tensor out) {
    Tensor a = operands[0];
    Tensor b = operands[operands.length - 1];
    return switch (equation) {
      case "ik,kj->ij" -> product(a, b.t(), b, out);
      case "ik,jk->ij" -> product(a, b, b.t(), out);
      case "ik,k->i", "ij,j->i" -> () -> torch.mv_out(out, a, b);
      case "ij,i->j" -> {
        Tensor transposed = a.t();
        yield () -> torch.mv_out(out, transposed, b);
      }
      case "ij->i" -> sum(a, 1, out);
      case "ij->j" -> sum(a, 0, out);
      case "ij,ij->i" -> Trial.quickest(List.of(rowDots(a, b, out), products(a, b, 1, out)));
      case "ij,ij->j" -> products(a, b, 0, out);
      case "k,k->" -> () -> torch.dot_out(out, a, b);
      case "i,j->ij" -> () -> torch.outer_out(out, a, b);
      case "ij->ji" -> {
        Tensor transposed = a.t();
        yield () -> out.copy_(transposed);
      }
      case "ii->" -> {
        Tensor diagonal = a.diagonal();
        yield () -> torch.sum_out(out, diagonal);
      }
      case "Nc,Nc->N" -> rowDots(a, b, out);
      case "bij,bjk->bik" -> () -> torch.bmm_out(out, a, b);
      case "bij,bj->bi" -> {
        Tensor columns = b.unsqueeze(2);
        Tensor results = out.unsqueeze(2);
        yield () -> torch.bmm_out(results, a, columns);
      }
      case "bhqd,bhkd->bhqk" -> {
        Tensor transposed = b.transpose(2, 3);
        yield () -> torch.matmul_out(out, a, transposed);
      }
      case "bqhd,bkhd->bhqk" -> {
        Tensor heads = a.permute(0, 2, 1, 3);
        Tensor transposed = b.permute(0, 2, 3, 1);
        yield () -> torch.matmul_out(out, heads, transposed);
      }
      default -> {
        if (operands.length > 2) {
          TensorVector chain = new TensorVector(operands);
          yield () -> torch.linalg_multi_dot_out(out, chain);
        }
        yield einsum(equation, operands, out);
      }
    };
  }

  /** A product of matrices, of which the second is given as it is and transposed. */
  private static Work product(Tensor a, Tensor transposed, Tensor b, Tensor out) {
    List<Work> ways = new ArrayList<>();
    ways.add(() -> torch.mm_out(out, a, b));
    ways.add(() -> torch.linear_out(out, a, transposed));
    if (a.size(0) == 1) {
      Tensor row = a.select(0, 0);
      Tensor result = out.select(0, 0);
      ways.add(() -> torch.mv_out(result, transposed, row));
    } else if (b.size(1) == 1) {
      Tensor column = b.select(1, 0);
      Tensor result = out.select(1, 0);
      ways.add(() -> torch.mv_out(result, a, column));
    }
    return Trial.quickest(ways);
  }

  /** Dot products of rows: linalg_vecdot_out takes many times as long. */
  private static Work rowDots(Tensor a, Tensor b, Tensor out) {
    Tensor left = a.unsqueeze(1);
    Tensor right = b.unsqueeze(2);
    Tensor results = out.unsqueeze(1).unsqueeze(2);
    return () -> torch.bmm_out(results, left, right);
  }

  private static Work sum(Tensor a, long axis, Tensor out) {
    long[] axes = {axis};
    return () -> torch.sum_out(out, a, axes);
  }

  /** Products, and their sums along an axis. */
  private static Work products(Tensor a, Tensor b, long axis, Tensor out) {
    Tensor products = torch.empty_like(a);
    Work sum = sum(products, axis, out);
    return () -> {
      torch.mul_out(products, a, b);
      sum.run();
    };
  }

  private static Work einsum(String equation, Tensor[] operands, Tensor out) {
    BytePointer text = new BytePointer(equation);
    TensorVector vector = new TensorVector(operands);
    try (Tensor result = torch.einsum(text, vector)) {
      if (result.is_alias_of(operands[0])) {
        // Only another view of the operand: the work is still to be done.
        return () -> {
          try (Tensor view = torch.einsum(text, vector)) {
            out.copy_(view);
          }
        };
      }
    }
    return new Returned(() -> torch.einsum(text, vector), out);
  }

  private static Work lookup(
      ContractionCase contraction, Data data, Tensor[] operands, Tensor out) {
    int columns = contraction.layouts().getFirst().sizes()[1];
    int tableRows = contraction.operands().getFirst().tableRows();
    Tensor table = tensor(data.table(), Layout.dense(tableRows, columns));
    Tensor indices = torch.tensor(Arrays.stream(data.indices()).asLongStream().toArray());
    Tensor rows = operands[0];
    Tensor b = operands[1];
    return () -> {
      torch.embedding_out(rows, table, indices);
      torch.mm_out(out, rows, b);
    };
  }

  private static Tensor tensor(MemorySegment memory, Layout layout) {
    return torch.from_blob(
        Libtorch.pointer(memory), longs(layout.sizes()), longs(layout.strides()));
  }

  private static long[] longs(int... values) {
    return Arrays.stream(values).asLongStream().toArray();
  }

  /** Work of a call that returns a new tensor, which is freed at once: it is part of the price. */
  private static final class Returned implements Work {
    private final Supplier<Tensor> call;
    private final Tensor out;

    Returned(Supplier<Tensor> call, Tensor out) {
      this.call = call;
      this.out = out;
    }

    @Override
    public void run() {
      call.get().close();
    }

    @Override
    public void publish() {
      try (Tensor result = call.get()) {
        out.copy_(result);
      }
    }
  }
}
