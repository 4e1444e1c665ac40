using RolloverD.Core.Dane;
using RolloverD.Core.Ports;
using RolloverD.Simulation.World;

namespace RolloverD.Simulation.Judgement;

/// <summary>
/// What no change may take away, though no sender may notice: the last record that helps anybody, and what belongs to
/// others.
/// </summary>
internal sealed class ChangeJudge(Scene scene)
{
    private readonly HashSet<(string Owner, string Record)> sent = [];

    /// <summary>Judges a change that RolloverD asks for.</summary>
    /// <param name="owner">The owner, with what the provider holds there now.</param>
    /// <param name="change">What is asked for.</param>
    /// <param name="target">What the provider holds afterwards, when nothing comes in between.</param>
    public void Judge(TlsaOwner owner, DnsChange change, RecordSet target)
    {
        MustLeaveSome(owner, target);
        foreach (string value in change.Add)
            sent.Add((owner.Name, value));
        string? others = change.Remove.FirstOrDefault(r =>
            !sent.Contains((owner.Name, r)) && scene.Owners.IsOnlyForeign(owner, TlsaRecord.Parse(r)));
        if (others is not null)
            scene.Violation($"{owner.Name}: {others} is somebody else's, and is taken away");
    }

    // Where no record is left nobody refuses who may do without DANE; but who demands it finds no way in any more.
    private void MustLeaveSome(TlsaOwner owner, RecordSet target)
    {
        Shown[] shown = [.. scene.Owners.ShownAt(owner)];
        if (IsUseful(owner.Held.Records) && !IsUseful(target))
            scene.Violation($"{owner.Name}: the last record is taken away from a host that is configured");

        bool IsUseful(RecordSet set) => set.Records.Any(r => shown.Any(met => Sender.Names(r, met)));
    }
}
