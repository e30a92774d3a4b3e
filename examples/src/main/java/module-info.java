import org.jspecify.annotations.NullMarked;

/** The first models: short programs that look like the PyTorch they replace. */
@NullMarked
module dev.lanewise.examples {
  requires dev.lanewise.core;
  requires ejml.core;
  requires ejml.ddense;
  requires java.desktop;
  requires me.tongfei.progressbar;
  requires org.knowm.xchart;
  requires static org.jspecify;
}
