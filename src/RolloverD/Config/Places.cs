using RolloverD.Core.Policy;

namespace RolloverD.Config;

/// <summary>Where each value that was read stands, so that what a rule finds can be shown in the file.</summary>
internal sealed class Places
{
    private readonly Dictionary<KeyPath, (Place Place, KeyPath Written)> _places = [];

    /// <summary>Notes a value's place.</summary>
    /// <param name="key">The value as the rules know it.</param>
    /// <param name="place">Where it stands.</param>
    /// <param name="written">The key under which it stands, when that is another.</param>
    public void Add(KeyPath key, Place place, KeyPath? written = null) => _places[key] = (place, written ?? key);

    /// <summary>A value's place and the key under which it stands there; its table's when it was left out.</summary>
    public (Place Place, KeyPath Written) Find(KeyPath key)
    {
        for (KeyPath? at = key; at is not null; at = at.Parent)
        {
            if (_places.TryGetValue(at, out (Place Place, KeyPath Written) found))
                return (found.Place, at == key ? found.Written : key);
        }

        return (default, key);
    }
}
