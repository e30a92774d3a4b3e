import java.util.List;

/** How a program is written down for one lane or for a vector of them. */
interface Dialect {
  Element element();

  String prefix();

  String folder();

  String lanes();

  /** The size of a number of vectors. */
  String bytes(int vectors);

  /** The loops that cover a run: for vectors, a second one for the tail. */
  List<Dialect> loops();

  int accumulators();

  /** The vectors of columns that a panel of B is wide. */
  int panelVectors();

  /** The most rows of a packed tile of 1, 2, 3, ... vectors; 0 where there is none. */
  int[] tileRows();

  /** The most rows of a direct tile of 1, 2, 3, ... vectors; 0 where there is none. */
  int[] directRows();

  /** The expression for the most of so many rows that a machine has registers for. */
  String maxRows(int rows, int vectors);

  /** The expression for whether a machine is kept busy by more than multiply-adds. */
  String boundByInstructions();

  /** The most vectors of columns whose dot products are computed at once. */
  int columnVectors();

  int largestGroup();

  String floats();

  String ints();

  String load(String segment, String offset);

  String store(String segment, String offset, String value);

  String loadArray(String array, String index);

  String storeArray(String array, String index, String value);

  String binary(String method, String operator, String a, String b);

  /** A method that {@code Math} has for two numbers and a vector for each two lanes. */
  String call(String method, String a, String b);

  String fma(String a, String b, String c);

  /** Rounded correctly, as IEEE 754 asks, so that it is the same everywhere. */
  String sqrt(String a);

  String select(String a, String comparison, String b, String ifTrue, String otherwise);

  String broadcast(String scalar);

  /** The name under which a scalar parameter is at hand in every lane. */
  String broadcastName(String scalar);

  String constant(String literal);

  String zero();

  String exponent(String shifted);

  String halve(String integer);

  String subtractInts(String a, String b);

  String powerOfTwo(String integer);

  /** The type of a comparison's result. */
  String booleans();

  /** {@code condition ? ifTrue : otherwise}, of a comparison's result. */
  String choose(String condition, String ifTrue, String otherwise);

  /** The opposite of a comparison's result. */
  String not(String condition);

  /** Whether two values are equal, or both NaN. */
  String sameOrBothNan(String a, String b);
}
