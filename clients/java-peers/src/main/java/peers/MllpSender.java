package peers;

import ca.uhn.hl7v2.DefaultHapiContext;
import ca.uhn.hl7v2.HapiContext;
import ca.uhn.hl7v2.app.Connection;
import ca.uhn.hl7v2.app.Initiator;
import ca.uhn.hl7v2.model.Message;
import ca.uhn.hl7v2.util.Terser;
import ca.uhn.hl7v2.validation.impl.ValidationContextFactory;
import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;

/**
 * Sends one message again and again over MLLP with HAPI, each when the one before is acknowledged, a control id of its own in
 * each. Arguments: port, messages in a round, rounds. The message comes on standard input. Prints seconds and seconds of
 * processor time for each round; the first two are for the compiler and print nothing.
 */
public class MllpSender {
  public static void main(String[] args) throws Exception {
    int count = Integer.parseInt(args[1]);
    int rounds = Integer.parseInt(args[2]);
    HapiContext context = new DefaultHapiContext();
    context.setValidationContext(ValidationContextFactory.noValidation());
    Message message = context.getPipeParser().parse(new String(System.in.readAllBytes(), StandardCharsets.UTF_8));
    Terser terser = new Terser(message);
    Connection connection = context.newClient("127.0.0.1", Integer.parseInt(args[0]), false);
    Initiator initiator = connection.getInitiator();
    OperatingSystemMXBean system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    for (int round = -2; round < rounds; round++) {
      long began = System.nanoTime();
      long spent = system.getProcessCpuTime();
      for (int n = 0; n < count; n++) {
        String control = "P" + (round + 2) + "N" + n;
        terser.set("/MSH-10", control);
        Terser answer = new Terser(initiator.sendAndReceive(message));
        if (!control.equals(answer.get("/MSA-2")) || !"AA".equals(answer.get("/MSA-1"))) throw new IllegalStateException("not acknowledged");
      }
      if (round < 0) continue;
      System.out.println((System.nanoTime() - began) / 1e9 + " " + (system.getProcessCpuTime() - spent) / 1e9);
    }
    System.exit(0);
  }
}
