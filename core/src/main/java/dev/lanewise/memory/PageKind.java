package dev.lanewise.memory;

/** The pages that large memory is asked for on. */
public enum PageKind {
  /** Whatever the system gives to all: 4 KiB on most machines. */
  ORDINARY,
  /**
   * Huge pages, of 2 MiB on most machines; single ones may still be ordinary. See {@link PageUse}.
   */
  HUGE
}
