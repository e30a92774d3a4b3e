/**
 * The memory of tables: {@link dev.lanewise.memory.TableArena}, an arena on huge pages, {@link
 * dev.lanewise.memory.PageUse}, which says what memory got, and {@link
 * dev.lanewise.memory.Replaceable}, by which a table is replaced or closed while others read it.
 * Tables in files are {@code dev.lanewise.checkpoint.MappedTable}.
 */
@NullMarked
package dev.lanewise.memory;

import org.jspecify.annotations.NullMarked;
