package dev.lanewise.bench.embedding.engine;

import dev.lanewise.bench.embedding.cases.Data;
import dev.lanewise.bench.embedding.cases.EmbeddingCase;
import dev.lanewise.bench.engine.AbsentException;
import dev.lanewise.bench.engine.Engine;
import dev.lanewise.bench.engine.Work;
import java.util.Map;

/**
 * An engine on a peer that is on the class path in the profile peers only, its Java side too: a
 * class of src/peers, which is compiled in that profile. So it is found by its name, and absent
 * without.
 */
final class PeersOnly implements Engine<EmbeddingCase, Data> {
  private final String className;

  /** What there is in src/peers, in this package, with a constructor without parameters. */
  interface Peer extends Engine<EmbeddingCase, Data> {}

  /**
   * @param simpleName of the peer's class
   */
  PeersOnly(String simpleName) {
    this.className = PeersOnly.class.getPackageName() + "." + simpleName;
  }

  @Override
  public boolean supports(EmbeddingCase asked) {
    return engine().supports(asked);
  }

  @Override
  public Work prepare(EmbeddingCase asked, Data data) {
    return engine().prepare(asked, data);
  }

  @Override
  public Map<String, String> facts() {
    return engine().facts();
  }

  private Peer engine() {
    try {
      return Class.forName(className).asSubclass(Peer.class).getDeclaredConstructor().newInstance();
    } catch (ClassNotFoundException e) {
      throw new AbsentException("it is in the profile peers only");
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(className + " cannot be made", e);
    }
  }
}
