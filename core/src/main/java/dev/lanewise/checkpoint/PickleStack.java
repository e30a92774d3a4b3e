package dev.lanewise.checkpoint;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The values that a pickle's instructions work on: a stack with marks, and a memo. Both are
 * bounded.
 */
final class PickleStack {
  /**
   * Python puts at most 1,000 pairs between a mark and its end; this leaves room for other writers.
   */
  private static final int MAX_DEPTH = 1 << 20;

  /** About a dozen entries for each tensor. */
  private static final int MAX_MEMO = 1 << 22;

  private final Origin origin;
  private final List<PickleValue> values = new ArrayList<>();
  private final List<Integer> marks = new ArrayList<>();
  private final Map<Long, PickleValue> memo = new HashMap<>();

  PickleStack(Origin origin) {
    this.origin = origin;
  }

  void push(PickleValue value) throws CheckpointException {
    requireRoom(values.size());
    values.add(value);
  }

  PickleValue pop() throws CheckpointException {
    requireValue();
    return values.removeLast();
  }

  PickleValue top() throws CheckpointException {
    requireValue();
    return values.getLast();
  }

  void mark() throws CheckpointException {
    requireRoom(marks.size());
    marks.add(values.size());
  }

  /** The values above the last mark, which are gone from the stack together with it. */
  List<PickleValue> popMarked() throws CheckpointException {
    if (marks.isEmpty()) {
      throw origin.refuse("ends a group that was never begun");
    }
    return popFrom(marks.removeLast());
  }

  /** The values on top, the last of them the topmost; they are gone from the stack. */
  List<PickleValue> pop(int count) throws CheckpointException {
    if (values.size() - floor() < count) {
      throw underflow();
    }
    return popFrom(values.size() - count);
  }

  void remember(long index) throws CheckpointException {
    if (memo.size() == MAX_MEMO) {
      throw origin.refuse("remembers more than " + MAX_MEMO + " values");
    }
    memo.put(index, top());
  }

  void recall(long index) throws CheckpointException {
    @Nullable PickleValue value = memo.get(index);
    if (value == null) {
      throw origin.refuse("uses value " + index + " of its memo before it was put there");
    }
    push(value);
  }

  private List<PickleValue> popFrom(int start) {
    List<PickleValue> above = values.subList(start, values.size());
    List<PickleValue> popped = List.copyOf(above);
    above.clear();
    return popped;
  }

  /** Values below the last mark cannot be reached. */
  private int floor() {
    return marks.isEmpty() ? 0 : marks.getLast();
  }

  private void requireValue() throws CheckpointException {
    if (values.size() == floor()) {
      throw underflow();
    }
  }

  private CheckpointException underflow() {
    return origin.refuse("takes more values than it made");
  }

  private void requireRoom(int used) throws CheckpointException {
    if (used == MAX_DEPTH) {
      throw origin.refuse("nests more than " + MAX_DEPTH + " values");
    }
  }
}
