/**
 * A run of seeded faults against a cluster of real processes under load, and the proof from its
 * clients' logs. {@link dev.roost.chaos.Chaos} drives: {@code Schedule} says what is broken when,
 * {@code Cluster} breaks it, {@code Crowd} are the clients, {@code Checker} judges their logs.
 */
@NullMarked
package dev.roost.chaos;

import org.jspecify.annotations.NullMarked;
