/**
 * Who hosts what. Pure values and functions: where a partition ought to be ({@code Assignment}),
 * who has it in which epoch ({@code PartitionTable}), and what one node does about the difference
 * ({@code Decision}). The keeper of {@code dev.roost.cluster} reads, decides and writes.
 */
@NullMarked
package dev.roost.hosting;

import org.jspecify.annotations.NullMarked;
