package dev.roost.it.model;

import dev.roost.it.model.Command.Defect;
import dev.roost.it.model.Command.Ending;
import dev.roost.it.model.Command.Event;
import dev.roost.it.model.Command.Refs;
import dev.roost.it.model.Command.Wish;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/** Random sequences of steps: the same for the same random numbers. */
record Generator(RandomGenerator random, int clients, int topics) {

  List<Command> commands(int count) {
    var commands = new ArrayList<Command>(count);
    for (int i = 0; i < count; i++) {
      commands.add(next());
    }
    return commands;
  }

  private Command next() {
    int client = random.nextInt(clients);
    int topic = random.nextInt(topics);
    int choice = random.nextInt(200);
    if (choice < 44) {
      return new Command.Join(client, topic, wish(), random.nextInt(10) == 0);
    } else if (choice < 60) {
      return new Command.Leave(client, topic, refs());
    } else if (choice < 172) {
      return new Command.Send(client, topic, event(), refs());
    } else if (choice < 178) {
      return new Command.Heartbeat(client);
    } else if (choice < 182) {
      return new Command.JoinNowhere(client);
    } else if (choice < 192) {
      return new Command.Read(client);
    } else if (choice < 195) {
      return new Command.PostInVain(client, any(Defect.values()));
    } else if (choice < 196) {
      return new Command.ConnectInVain(client);
    }
    return new Command.End(client, any(Ending.values()));
  }

  private <T> T any(T[] values) {
    return values[random.nextInt(values.length)];
  }

  private Wish wish() {
    return random.nextInt(10) < 6 ? Wish.OK : any(Wish.values());
  }

  private Refs refs() {
    return random.nextInt(10) < 7 ? Refs.CURRENT : any(Refs.values());
  }

  /** Ends are rarer than the rest, so that channels live for a while. */
  private Event event() {
    Event event = any(Event.values());
    return event.ends() && random.nextInt(3) > 0 ? event() : event;
  }
}
