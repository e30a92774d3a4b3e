import java.util.List;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Pieces of source text that kernels of every kind need. */
final class SourceText {
  /** The head of a method, with its parameters. */
  private static final Pattern METHOD =
      Pattern.compile("(?m)^  (?:public|private)[^=;(]*\\(([^)]*)\\) \\{\\n");

  private static final Pattern SEGMENT = Pattern.compile("MemorySegment (\\w+)");

  private SourceText() {}

  /** Methods that begin with what NativeSegments tells of each segment that they access. */
  static String knownSegments(String methods) {
    StringBuilder code = new StringBuilder();
    Matcher method = METHOD.matcher(methods);
    int at = 0;
    while (method.find()) {
      code.append(methods, at, method.end());
      at = method.end();
      int end = methods.indexOf("\n  }\n", at);
      String body = methods.substring(at, end);
      SEGMENT
          .matcher(method.group(1))
          .results()
          .map(parameter -> parameter.group(1))
          .filter(name -> accesses(body, name))
          .forEach(name ->
              code.append(
                  "    %1$s = NativeSegments.%2$s(%1$s);\n"
                      .formatted(name, body.contains(name + ".asSlice(") ? "plain" : "known")));
    }
    return code.append(methods.substring(at)).toString();
  }

  private static boolean accesses(String body, String segment) {
    return Pattern.compile(
            "MemorySegment\\((?:\\w+, )?%1$s,|\\b%1$s\\.(?:get|set|asSlice)\\(".formatted(segment))
        .matcher(body)
        .find();
  }

  static String offset(String base, int vectors, Dialect d) {
    return vectors == 0 ? base : base + " + " + d.bytes(vectors);
  }

  static Function<String, String> operands(
      Program p, List<String> runs, List<String> scalars, String position) {
    return name ->
        scalars.contains(name)
            ? p.dialect.broadcastName(name)
            : p.load(name, name + "Offset + " + position);
  }

  static List<String> words(String text) {
    return text.isEmpty() ? List.of() : List.of(text.split(" "));
  }

  static String segments(List<String> runs) {
    return runs.stream()
        .map(r -> "MemorySegment " + r + ", long " + r + "Offset")
        .collect(Collectors.joining(", "));
  }

  static String scalars(Dialect d, List<String> names) {
    return names.stream()
        .map(s -> ", " + d.element().primitive + " " + s)
        .collect(Collectors.joining());
  }

  /** The names of parameters, to pass them on. */
  static String names(String parameters) {
    return Stream.of(parameters.split(", "))
        .map(p -> p.substring(p.indexOf(' ') + 1))
        .collect(Collectors.joining(", "));
  }

  static String header(String name, String parameters) {
    return "\n  @Override\n  public void " + name + "(" + parameters + ") {\n";
  }

  static String broadcasts(Dialect d, List<String> scalars) {
    return d.broadcastName("x").equals("x")
        ? ""
        : scalars.stream()
            .map(s ->
                "    final "
                    + d.floats()
                    + " "
                    + d.broadcastName(s)
                    + " = "
                    + d.broadcast(s)
                    + ";\n")
            .collect(Collectors.joining());
  }
}
