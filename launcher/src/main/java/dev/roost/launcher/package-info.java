/**
 * The command line: starts a gateway, a channel host or both in this process as the settings say,
 * and stops them in order. The only place that sees both roles.
 */
@NullMarked
package dev.roost.launcher;

import org.jspecify.annotations.NullMarked;
