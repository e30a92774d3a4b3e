package dev.lanewise.checkpoint;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;

/** What a pickle says of a state dict: the tensors of a dict by name, and the storages they use. */
final class SavedStateDict {
  private final SequencedMap<String, PickleValue.SavedTensor> tensors = new LinkedHashMap<>();
  private final SequencedMap<String, PickleValue.Storage> storages = new LinkedHashMap<>();

  SavedStateDict(PickleValue top, Origin origin) throws CheckpointException {
    if (!(top instanceof PickleValue.Dict(Map<PickleValue, PickleValue> items))) {
      throw origin.refuse(
          "holds " + top.describe() + " instead of a state dict, a dict of names and tensors");
    }
    for (Map.Entry<PickleValue, PickleValue> item : items.entrySet()) {
      if (!(item.getKey() instanceof PickleValue.Text(String name))) {
        throw origin.refuse(
            "holds a dict with " + item.getKey().describe() + " as a key; a state dict has names");
      }
      add(name, item.getValue(), origin);
    }
  }

  private void add(String name, PickleValue value, Origin origin) throws CheckpointException {
    switch (value) {
      case PickleValue.SavedTensor tensor -> {
        tensors.put(name, tensor);
        storages.put(tensor.storage().key(), tensor.storage());
      }
      // An epoch number beside the tensors is no tensor, and nothing is lost for the model.
      case PickleValue.Plain _, PickleValue.Text _, PickleValue.Int _, PickleValue.Bool _ -> {}
      default ->
          throw origin.refuse(
              "\""
                  + name
                  + "\" is "
                  + value.describe()
                  + ", not a tensor; save a state dict by itself, as torch.save(model.state_dict(), path)"
                  + " does");
    }
  }

  /** The tensors in order. */
  SequencedMap<String, PickleValue.SavedTensor> tensors() {
    return tensors;
  }

  /** The storages of these tensors, by key. */
  SequencedMap<String, PickleValue.Storage> storages() {
    return storages;
  }
}
