namespace RolloverD.Simulation;

/// <summary>Everything that goes wrong, or is done by people, in the simulated world.</summary>
internal enum Fault
{
    // Authoritative servers
    ServerLags,
    ServerDown,
    ServerHidden,
    ServerFrozen,
    ServerSilent,
    ServersDiffer,
    InstanceLags,

    // Zone, signer and resolver
    SignerStops,
    ZoneInsecure,
    ZoneBogus,
    ZoneUnknown,
    ResolverBroken,

    // DNS providers
    ProviderAppliesAndFails,
    ProviderAppliesLate,
    ProviderAppliesHalf,
    ProviderLosesUpdate,
    ProviderRefuses,
    ProviderAway,
    ProviderForcesTtl,

    // Issuers
    IssuerFails,
    IssuerLimitsRate,
    IssuerAnswersLate,
    IssuerChangesIntermediate,
    IssuerAway,

    // Mail servers
    ReloadFails,
    ReloadIgnored,
    ReloadSlow,
    ReloadHalf,
    MailServerDown,
    AddressHidden,
    HandshakeFails,
    Restarts,

    // The host of the daemon
    CrashBeforeEffect,
    CrashAfterEffect,
    CrashBeforeSync,
    CrashAfterSync,
    DiskFull,
    AlarmLate,
    ClockForward,
    ClockBack,

    // The operator
    OperatorAddsRecord,
    OperatorRemovesRecord,
    OperatorReplacesRecords,
    OperatorReplacesCertificate,
    OperatorChangesTtl,
    OperatorChangesKeyPolicy,
    OperatorChangesKeyAlgorithm,
    OperatorChangesParameters,
    OperatorChangesEndpoints,
    OperatorChangesIssuer,
    OperatorRolls,
    OperatorRollsNewKey,
    OperatorRollsInEmergency,
    OperatorMovesAlias,
    OperatorAborts,
    OperatorAdopts,
    OperatorDeletesKey,
    OperatorTakesServerOut,
    OperatorTakesAddressOut,
}
