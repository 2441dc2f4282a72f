/**
 * The contract: everything that crosses the event bus. Sealed message families, their one binary
 * codec, the addresses they travel to and the payload bytes they carry stand here; gateways and
 * hosts both speak it, and nothing else passes between them.
 */
@NullMarked
package dev.roost.bus;

import org.jspecify.annotations.NullMarked;
