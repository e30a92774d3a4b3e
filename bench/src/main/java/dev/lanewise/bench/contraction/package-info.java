/**
 * Contractions given to the engine and to its peers: the cases, the numbers they compute with, the
 * check of each result, the benchmark and the program that runs it.
 */
@NullMarked
package dev.lanewise.bench.contraction;

import org.jspecify.annotations.NullMarked;
