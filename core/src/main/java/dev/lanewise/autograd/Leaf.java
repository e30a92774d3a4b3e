package dev.lanewise.autograd;

import dev.lanewise.tensor.Operand;

/** A tensor or parameter that enters the tape. */
final class Leaf extends Node {
  Leaf(Tape tape) {
    super(tape);
  }

  Variable record(Operand operand) {
    markRecorded();
    output.become(operand, tape.isRecording());
    return output;
  }

  @Override
  void backward() {
    // What reaches a leaf was added to the parameter's gradient already.
  }
}
