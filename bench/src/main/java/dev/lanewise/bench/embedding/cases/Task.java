package dev.lanewise.bench.embedding.cases;

/** What is done with the rows of a batch. */
public enum Task {
  /** Each row is copied into a given output. */
  LOOKUP("lookup"),
  /** The rows of each bag are added up. */
  SUM("sums of bags"),
  /** The mean of each bag's rows. */
  MEAN("means of bags"),
  /** The largest of each bag's rows, column by column. */
  MAX("maxima of bags"),
  /** The rows of each bag are added up, each times a weight. */
  WEIGHTED_SUM("weighted sums of bags"),
  /** Of each query, the rows whose dot products with it are largest are found, in order. */
  NEAREST("nearest rows by dot product"),
  /** A lookup's gradient goes back to the rows, which stochastic gradient descent then moves. */
  SGD("backward and SGD step"),
  /** The same with Adagrad; one rate for each number. */
  ADAGRAD("backward and Adagrad step"),
  /** The same; one rate for each row, of an engine that has that, and Adagrad of the others. */
  ROWWISE_ADAGRAD("backward and row-wise Adagrad step (libtorch: Adagrad)");

  /** How many rows are found for a query. */
  public static final int NEAREST_ROWS = 10;

  /** How far a step goes. */
  public static final float LEARNING_RATE = 1e-3f;

  private final String words;

  Task(String words) {
    this.words = words;
  }

  /** Whether the rows of a bag become one. */
  public boolean reduces() {
    return this == SUM || this == MEAN || this == MAX || this == WEIGHTED_SUM;
  }

  /** Whether the table is written, not read only. */
  public boolean updates() {
    return this == SGD || this == ADAGRAD || this == ROWWISE_ADAGRAD;
  }

  @Override
  public String toString() {
    return words;
  }
}
