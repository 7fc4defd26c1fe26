package receiver;

import ca.uhn.hl7v2.DefaultHapiContext;
import ca.uhn.hl7v2.HL7Exception;
import ca.uhn.hl7v2.HapiContext;
import ca.uhn.hl7v2.app.HL7Service;
import ca.uhn.hl7v2.llp.MinLowerLayerProtocol;
import ca.uhn.hl7v2.model.Message;
import ca.uhn.hl7v2.protocol.ReceivingApplication;
import ca.uhn.hl7v2.util.Terser;
import ca.uhn.hl7v2.validation.impl.ValidationContextFactory;
import java.io.PrintStream;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * An MLLP receiver made with HAPI: prints its port, then for each message the class that HAPI read it as, its type and the
 * patient's id and name; what it cannot read it prints as "refused".
 */
public class Receiver {
  public static void main(String[] args) throws Exception {
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    int port;
    try (ServerSocket free = new ServerSocket(0)) {
      port = free.getLocalPort();
    }
    HapiContext context = new DefaultHapiContext();
    // Reads the character set that MSH-18 declares.
    context.setLowerLayerProtocol(new MinLowerLayerProtocol(true));
    // HAPI's own rules of the standard: lengths, data types, times.
    context.setValidationContext(ValidationContextFactory.defaultValidation());
    HL7Service server = context.newServer(port, false);
    server.registerApplication("*", "*", new ReceivingApplication<Message>() {
      @Override
      public Message processMessage(Message message, Map<String, Object> metadata) throws HL7Exception {
        Terser terser = new Terser(message);
        String kind = terser.get("/MSH-9-1") + "^" + terser.get("/MSH-9-2");
        out.println(message.getClass().getSimpleName() + " " + kind + " " + terser.get("/.PID-3-1") + " " + terser.get("/.PID-5-1"));
        try {
          return message.generateACK();
        } catch (java.io.IOException error) {
          throw new HL7Exception(error);
        }
      }

      @Override
      public boolean canProcess(Message message) {
        return true;
      }
    });
    server.setExceptionHandler((incoming, metadata, response, error) -> {
      out.println("refused " + error);
      return response;
    });
    server.startAndWait();
    out.println(port);
  }
}
