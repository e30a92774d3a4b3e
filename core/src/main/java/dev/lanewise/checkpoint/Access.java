package dev.lanewise.checkpoint;

/** How the elements of a file come into memory. */
enum Access {
  /** Read into memory of an arena. */
  COPY,
  /** Mapped, where they are stored as they are used. */
  MAP
}
