namespace RolloverD.Core.Dane;

/// <summary>
/// The records that were made of one key or certificate: every decision asks for them, so each is made once.
/// </summary>
internal sealed class MadeRecords
{
    private readonly TlsaRecord?[] made = new TlsaRecord?[12];

    /// <summary>The record that was made with usable parameters; null when none was.</summary>
    public TlsaRecord? Find(TlsaParameters parameters) => parameters.IsUsable ? made[IndexOf(parameters)] : null;

    /// <summary>Makes a record; null without data to make it of.</summary>
    public TlsaRecord? Make(TlsaParameters parameters, string? data)
    {
        if (data is null)
            return null;

        var record = new TlsaRecord(parameters, data);
        if (parameters.IsUsable)
            made[IndexOf(parameters)] = record;
        return record;
    }

    private static int IndexOf(TlsaParameters p) =>
        (((p.Usage == CertificateUsage.DaneEe ? 2 : 0) + (int)p.Selector) * 3) + (int)p.MatchingType;
}
