/** The contractions that are compared, the numbers they compute with, and the check of a result. */
@NullMarked
package dev.lanewise.bench.contraction.cases;

import org.jspecify.annotations.NullMarked;
