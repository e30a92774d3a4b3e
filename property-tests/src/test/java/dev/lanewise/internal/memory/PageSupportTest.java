package dev.lanewise.internal.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The table by which a process gets huge pages or not. */
final class PageSupportTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        // system | address | native | enabled | page size | mappable | granted | expected | reason
        "Linux    | 8 | true  | always [madvise] never   | 2097152    | true  | true  | true  | enabled says madvise",
        "Linux    | 8 | true  | [always] madvise never   | '2097152 ' | true  | true  | true  | enabled says always",
        "Linux    | 8 | true  | always madvise [never]   | 2097152    | true  | false | false | write madvise there",
        "Linux    | 8 | false | always [madvise] never   | 2097152    | false | false | false | --enable-native-access=some.module",
        "Linux    | 8 | false | always madvise [never]   | 2097152    | false | false | false | --enable-native-access=some.module",
        "Linux    | 8 | true  | always [madvise] never   | 536870912  | false | false | true  | 512 MiB",
        "Linux    | 8 | true  | always [madvise] never   | ''         | false | false | true  | no transparent huge pages",
        "Linux    | 8 | true  | always [madvise] never   | 0          | false | false | true  | no transparent huge pages",
        "Linux    | 8 | true  | always [madvise] never   | 2097153    | false | false | true  | no transparent huge pages",
        "Linux    | 8 | true  | ''                       | 2097152    | false | false | true  | no transparent huge pages",
        "Linux    | 8 | true  | ][                       | 2097152    | false | false | true  | no transparent huge pages",
        "Linux    | 4 | true  | always [madvise] never   | 2097152    | false | false | true  | 64-bit Linux only",
        "Mac OS X | 8 | true  | ''                       | ''         | false | false | true  | not on Mac OS X",
      })
  void judges(
      String osName,
      long addressBytes,
      boolean nativeAccess,
      String enabled,
      String pageBytes,
      boolean mappable,
      boolean granted,
      boolean expected,
      String reason) {
    PageSupport support =
        PageSupport.of(osName, addressBytes, nativeAccess, "some.module", enabled, pageBytes);
    assertEquals(mappable, support.mappable());
    assertEquals(granted, support.granted());
    assertEquals(expected, support.expected());
    assertTrue(support.reason().contains(reason), support.reason());
    assertTrue(!mappable || support.hugePageBytes() == 2 << 20, "mapped memory has a page size");
  }
}
