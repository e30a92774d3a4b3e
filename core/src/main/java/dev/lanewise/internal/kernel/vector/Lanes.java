package dev.lanewise.internal.kernel.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The vector width that every vector kernel of this process uses: the machine's preferred one, up
 * to 512 bits.
 */
final class Lanes {
  /** A static final species is what lets C2 compile vector operations to single instructions. */
  static final VectorSpecies<Float> FLOATS =
      FloatVector.SPECIES_PREFERRED.length() > FloatVector.SPECIES_512.length()
          ? FloatVector.SPECIES_512 // Reductions have 64 partials: four vectors of 512 bits.
          : FloatVector.SPECIES_PREFERRED;

  private Lanes() {}
}
