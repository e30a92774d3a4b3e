package dev.lanewise.internal.gemm;

/**
 * A program with what its caller must know.
 *
 * @param program what to run
 * @param swapped whether the program takes the second operand first
 * @param whole the range of all outputs
 */
record PlannedProgram(MatrixProgram program, boolean swapped, Range whole) {}
