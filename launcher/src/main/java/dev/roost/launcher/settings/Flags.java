package dev.roost.launcher.settings;

import dev.roost.application.ChannelOptions;
import dev.roost.gateway.GatewayOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.event.Level;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * The list of all settings: each field is an option, and by the same name a variable and a key in
 * the file. {@code docs/settings.md} tells more of each; a test compares the two.
 */
@Command(
    name = "roost",
    sortOptions = false,
    usageHelpAutoWidth = false,
    usageHelpWidth = 100,
    synopsisHeading = "Usage: ",
    customSynopsis = "roost [options]",
    description = "Starts Roost, a real-time server for Phoenix Channels clients.%n",
    footer = {
      "",
      "Each option is also a variable (ROOST_MAX_FRAME_BYTES for --max-frame-bytes) and a key in"
          + " the",
      "file (max-frame-bytes=65536). The command line goes before the environment, the environment",
      "before the file. Times are written 500ms, 10s, 2m or PT10S.",
      "",
      "SIGTERM and SIGINT close every socket with 1012, then the process ends within"
          + " --close-timeout",
      "and 4s. Exit code: 0 closed cleanly, 1 failed, 2 wrong settings."
    })
final class Flags {

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "Properties file with settings. Default: none.")
  @Nullable Path config;

  @Option(
      names = "--role",
      paramLabel = "ROLE",
      defaultValue = "all",
      converter = Values.RoleName.class,
      description =
          "all, gateway or channels; the last two need a cluster, which this version has not."
              + " Default: ${DEFAULT-VALUE}.")
  Settings.Role role;

  @Option(
      names = "--applications",
      paramLabel = "NAMES",
      defaultValue = Selection.ALL,
      converter = Values.Names.class,
      description =
          "Applications to deploy, with commas between them, or all on the class path."
              + " Default: ${DEFAULT-VALUE}.")
  Selection applications;

  @Option(
      names = "--host",
      paramLabel = "HOST",
      defaultValue = "0.0.0.0",
      converter = Values.Host.class,
      description = "Interface to listen on. Default: ${DEFAULT-VALUE}.")
  String host;

  @Option(
      names = "--port",
      paramLabel = "PORT",
      defaultValue = "4000",
      converter = Values.Port.class,
      description = "TCP port to listen on, 0 for any free one. Default: ${DEFAULT-VALUE}.")
  int port;

  @Option(
      names = "--public-host",
      paramLabel = "HOST",
      converter = Values.Host.class,
      description =
          "Host that browsers know this server by, for the origin check."
              + " Default: the one that each request names.")
  @Nullable String publicHost;

  @Option(
      names = "--gateway-verticles",
      paramLabel = "NUMBER",
      defaultValue = Values.Verticles.PROCESSORS,
      converter = Values.Verticles.class,
      description =
          "Gateways in this process, each on an event loop. Default: ${DEFAULT-VALUE}, one for"
              + " each.")
  int gatewayVerticles;

  @Option(
      names = "--channel-verticles",
      paramLabel = "NUMBER",
      defaultValue = Values.Verticles.PROCESSORS,
      converter = Values.Verticles.class,
      description =
          "Hosts of each application, each on an event loop. Default: ${DEFAULT-VALUE}, one for"
              + " each.")
  int channelVerticles;

  @Option(
      names = "--transport",
      paramLabel = "NAME",
      defaultValue = "auto",
      converter = Values.TransportName.class,
      description = "auto (native if it can be loaded), epoll or nio. Default: ${DEFAULT-VALUE}.")
  Settings.NetworkTransport transport;

  @Option(
      names = "--max-frame-bytes",
      paramLabel = "BYTES",
      defaultValue = "10000000",
      converter = Values.MessageBytes.class,
      description = "One WebSocket frame; over it close 1009. Default: ${DEFAULT-VALUE}.")
  int maxFrameBytes;

  @Option(
      names = "--max-message-bytes",
      paramLabel = "BYTES",
      defaultValue = "8000000",
      converter = Values.MessageBytes.class,
      description = "One message of several frames; over it close 1009. Default: ${DEFAULT-VALUE}.")
  int maxMessageBytes;

  @Option(
      names = "--max-request-line-bytes",
      paramLabel = "BYTES",
      defaultValue = "10000",
      converter = Values.Bytes.class,
      description = "HTTP request line with its query; over it 414. Default: ${DEFAULT-VALUE}.")
  int maxRequestLineBytes;

  @Option(
      names = "--max-header-bytes",
      paramLabel = "BYTES",
      defaultValue = "32768",
      converter = Values.Bytes.class,
      description = "All headers of an HTTP request; over it 431. Default: ${DEFAULT-VALUE}.")
  int maxHeaderBytes;

  @Option(
      names = "--max-queued-bytes",
      paramLabel = "BYTES",
      defaultValue = "1048576",
      converter = Values.Bytes.class,
      description =
          "Unwritten bytes of one socket; over it the socket is closed as too slow."
              + " Default: ${DEFAULT-VALUE}.")
  int maxQueuedBytes;

  @Option(
      names = "--max-pending-connects",
      paramLabel = "NUMBER",
      defaultValue = "10000",
      converter = Values.Count.class,
      description =
          "Connects that wait on one gateway for their socket handler; over it 503."
              + " Default: ${DEFAULT-VALUE}.")
  int maxPendingConnects;

  @Option(
      names = "--mailbox-messages",
      paramLabel = "NUMBER",
      defaultValue = "1000",
      converter = Values.Count.class,
      description =
          "Messages that wait for one channel; over it an event is answered with an error."
              + " Default: ${DEFAULT-VALUE}.")
  int mailboxMessages;

  @Option(
      names = "--mailbox-bytes",
      paramLabel = "BYTES",
      defaultValue = "16777216",
      converter = Values.Bytes.class,
      description =
          "Payloads that wait for one channel, together; over it as for messages."
              + " Default: ${DEFAULT-VALUE}.")
  int mailboxBytes;

  @Option(
      names = "--handshake-timeout",
      paramLabel = "TIME",
      defaultValue = "15s",
      converter = Values.Time.class,
      description =
          "From the TCP connection to the end of the upgrade, and between plain requests; over it"
              + " the connection is closed. Default: ${DEFAULT-VALUE}.")
  Duration handshakeTimeout;

  @Option(
      names = "--connect-timeout",
      paramLabel = "TIME",
      defaultValue = "10s",
      converter = Values.Time.class,
      description = "What a socket handler may take; over it 503. Default: ${DEFAULT-VALUE}.")
  Duration connectTimeout;

  @Option(
      names = "--host-timeout",
      paramLabel = "TIME",
      defaultValue = "5s",
      converter = Values.Time.class,
      description =
          "What a join may wait while its topic has no host; over it the join is refused."
              + " Default: ${DEFAULT-VALUE}.")
  Duration hostTimeout;

  @Option(
      names = "--callback-timeout",
      paramLabel = "TIME",
      defaultValue = "30s",
      converter = Values.Time.class,
      description =
          "What a callback of a channel may take; over it the channel crashes."
              + " Default: ${DEFAULT-VALUE}.")
  Duration callbackTimeout;

  @Option(
      names = "--replace-timeout",
      paramLabel = "TIME",
      defaultValue = "5s",
      converter = Values.Time.class,
      description =
          "What a second join waits for the channel that it replaces; over it that is interrupted."
              + " Default: ${DEFAULT-VALUE}.")
  Duration replaceTimeout;

  @Option(
      names = "--close-timeout",
      paramLabel = "TIME",
      defaultValue = "5s",
      converter = Values.Time.class,
      description =
          "What closing sockets are waited for at the end; over it they are cut off."
              + " Default: ${DEFAULT-VALUE}.")
  Duration closeTimeout;

  @Option(
      names = "--log-level",
      paramLabel = "LEVEL",
      defaultValue = "info",
      converter = Values.LevelName.class,
      description = "error, warn, info, debug or trace. Default: ${DEFAULT-VALUE}.")
  Level logLevel;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this and end.")
  boolean help;

  @Option(
      names = {"-V", "--version"},
      versionHelp = true,
      description = "Show the version and end.")
  boolean version;

  /** The options' values, once they are parsed. */
  Settings settings(Map<String, String> origins) {
    var gateway =
        GatewayOptions.defaults()
            .withHost(host)
            .withPort(port)
            .withPublicHost(publicHost)
            .withMaxFrameBytes(maxFrameBytes)
            .withMaxMessageBytes(maxMessageBytes)
            .withMaxRequestLineBytes(maxRequestLineBytes)
            .withMaxHeaderBytes(maxHeaderBytes)
            .withMaxQueuedBytes(maxQueuedBytes)
            .withMaxPendingConnects(maxPendingConnects)
            .withHandshakeTimeout(handshakeTimeout)
            .withConnectTimeout(connectTimeout)
            .withHostTimeout(hostTimeout)
            .withCloseTimeout(closeTimeout);
    var channels =
        ChannelOptions.defaults()
            .withVerticles(channelVerticles)
            .withMailboxMessages(mailboxMessages)
            .withMailboxBytes(mailboxBytes)
            .withCallbackTimeout(callbackTimeout)
            .withReplaceTimeout(replaceTimeout);
    return new Settings(
        role, applications, gatewayVerticles, gateway, channels, transport, logLevel, origins);
  }
}
