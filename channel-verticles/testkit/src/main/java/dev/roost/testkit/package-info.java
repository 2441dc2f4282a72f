/**
 * Tools for the tests of applications: drive a channel without sockets and assert on what it
 * pushes, replies and broadcasts. The Phoenix client in here has a codec of its own, so that a
 * mistake in ours cannot cancel itself out.
 */
@NullMarked
package dev.roost.testkit;

import org.jspecify.annotations.NullMarked;
