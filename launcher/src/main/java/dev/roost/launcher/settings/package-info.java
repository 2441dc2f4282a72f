/**
 * What can be set, and where it was set. In come the arguments, the environment and a file; out
 * comes an {@link dev.roost.launcher.settings.Invocation}: settings to start with, a text to show,
 * or what is wrong and how to mend it. {@link dev.roost.launcher.Main} is the only caller.
 */
@NullMarked
package dev.roost.launcher.settings;

import org.jspecify.annotations.NullMarked;
