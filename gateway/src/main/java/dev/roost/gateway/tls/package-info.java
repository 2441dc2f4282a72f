/**
 * TLS between clients and a gateway: which certificate, from which files, what happens when they
 * change, and what a client shows of itself. The gateway's HTTP server takes its options from
 * {@link dev.roost.gateway.tls.TlsOptions}; frames never come through here.
 */
@NullMarked
package dev.roost.gateway.tls;

import org.jspecify.annotations.NullMarked;
