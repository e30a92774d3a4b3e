import java.util.List;
import java.util.function.Function;

interface Body {
  /**
   * Emits the program for the run's current position and returns what is stored in each of the
   * outputs, in their order.
   */
  List<String> emit(Program p, Function<String, String> in);
}
