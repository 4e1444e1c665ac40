using RolloverD.Core.Dane;
using RolloverD.Core.Policy;

namespace RolloverD.Simulation.World;

/// <summary>What was there before RolloverD came.</summary>
internal static class Beginning
{
    public static void Furnish(Scene scene)
    {
        Scenario scenario = scene.Scenario;
        Chain stranger = scene.StrangerChain("before", KeyAlgorithm.Rsa2048);
        Shown shown = scene.NewShown(stranger, Origin.Before, null);
        foreach (Endpoint endpoint in scenario.Certificates.SelectMany(c => c.Endpoints).Distinct())
            scene.AddEndpoint(endpoint, shown);
        if (scenario.Before.Length > 0)
        {
            Chain promised = scenario.Before == "broken"
                ? scene.StrangerChain("other", KeyAlgorithm.Rsa2048)
                : stranger;
            Publish(scene, scenario.Before == "broken" ? "3 1 1" : scenario.Before, promised);
        }

        if (scenario.Configured)
        {
            foreach (DesiredCertificate certificate in scenario.Certificates)
                scene.Mail.Configured.Add(certificate.Name);
        }

        if (scene.IsEnabled(Fault.AddressHidden) && scene.Dice.OneIn(3))
            HideUntilFirstDeployment(scene);
    }

    private static void Publish(Scene scene, string list, Chain promised)
    {
        var set = new RecordSet(
            [.. Scenario.Parameters(list).Select(p => scene.Record(p, promised))], scene.Scenario.BeforeTtl);
        foreach (Endpoint endpoint in scene.Scenario.Certificates.SelectMany(c => c.Endpoints).Distinct())
        {
            TlsaOwner owner = scene.Owners.Of(endpoint.TlsaName);
            owner.Begin(scene.NewEdition(set, Origin.Before, owner.Held, scene.Now));
            foreach (TlsaRecord record in set.Records)
                scene.Owners.IsNowForeign(owner, record);
        }
    }

    // RolloverD could reach no mail server when it came, and somebody sees to that when it says so: it never met the
    // chain that was there before.
    private static void HideUntilFirstDeployment(Scene scene)
    {
        scene.Occurs(Fault.AddressHidden);
        scene.Troubles++;
        foreach (Listener listener in scene.Mail.Listeners)
            listener.IsHidden = true;
        scene.Mail.Swapped = () =>
        {
            scene.Mail.Swapped = null;
            scene.Timeline.In(scene.Dice.Spread(TimeSpan.FromMilliseconds(50), TimeSpan.FromMinutes(3)), () =>
            {
                if (!scene.FaultsOn)
                    return;

                scene.Troubles--;
                scene.LastTrouble = scene.Now;
                foreach (Listener listener in scene.Mail.Listeners)
                    listener.IsHidden = false;
            });
        };
    }
}
