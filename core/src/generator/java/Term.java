/** What is summed of the numbers of a row and of a column. */
enum Term {
  /** Their product. */
  PRODUCT(""),
  /** The square of their difference. */
  SQUARED_DIFFERENCE("Distance");

  /** What the names of generated classes have in them. */
  final String label;

  Term(String label) {
    this.label = label;
  }

  /** Statements that add a term to a sum; a variable of theirs is named after the sum. */
  String add(Dialect d, String x, String y, String sum, String suffix) {
    if (this == PRODUCT) {
      return "%s = %s;\n".formatted(sum, d.fma(x, y, sum));
    }
    String difference = sum + "Term" + suffix;
    return "final %s %s = %s; %s = %s;\n"
        .formatted(
            d.floats(),
            difference,
            d.binary("sub", "-", x, y),
            sum,
            d.fma(difference, difference, sum));
  }
}
