namespace RolloverD.Simulation.Time;

/// <summary>
/// The process of the daemon is no more: killed, or its host lost power. No code of the product may catch it.
/// </summary>
internal sealed class Crash(string where) : Exception(where);
