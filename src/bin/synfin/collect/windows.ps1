# Gathers what synfin reads of this host, into one folder: sockets every few seconds, counters before and after, settings,
# firewall and events. It changes nothing and sends nothing.
#
#   powershell -ExecutionPolicy Bypass -File collect.ps1 [-Seconds 60] [-Interval 5] [-Folder .]
#
# Run it as administrator where you may: otherwise programs of other users and the security log are missing.
param([int]$Seconds = 60, [int]$Interval = 5, [string]$Folder = '.')
$name = $env:COMPUTERNAME
$out = Join-Path $Folder "host=$name"
New-Item -ItemType Directory -Force -Path $out | Out-Null

# Appends time, command and output to a file; what is not there is left out.
function Run([string]$File, [string]$Command) {
    try { $text = Invoke-Expression $Command 2>$null | Out-String -Width 4096 } catch { return }
    if (-not $text) { return }
    $time = (Get-Date).ToUniversalTime().ToString('yyyy-MM-ddTHH:mm:ssZ')
    "=== host=$name $time ===`r`n+ $Command`r`n$text" | Out-File -Append -Encoding utf8 -FilePath (Join-Path $out $File)
}

function Counters { Run 'counters.txt' 'netstat -s' }

Write-Host 'capture the packets meanwhile, for example:'
Write-Host "  pktmon start --capture --pkt-size 128 --file-name '$out\capture.etl'    (then: pktmon stop; pktmon etl2pcap)"

Counters
Run 'settings.txt' 'netsh int tcp show global'
Run 'settings.txt' 'netsh int ipv4 show dynamicport tcp'
Run 'settings.txt' 'reg query HKLM\SYSTEM\CurrentControlSet\Services\Tcpip\Parameters'
Run 'addresses.txt' 'ipconfig /all'
Run 'addresses.txt' 'route print'
Run 'addresses.txt' 'arp -a'
Run 'firewall.txt' 'netsh advfirewall firewall show rule name=all verbose'
$begun = Get-Date
while ($true) {
    Run 'sockets.txt' 'netstat -abno'
    Run 'sockets.csv.txt' 'Get-NetTCPConnection | ConvertTo-Csv -NoTypeInformation'
    if (((Get-Date) - $begun).TotalSeconds + $Interval -gt $Seconds) { break }
    Start-Sleep -Seconds $Interval
}
Counters
Get-WinEvent -FilterHashtable @{ LogName = 'System'; Id = 4226, 4227, 4231 } -ErrorAction SilentlyContinue |
    Select-Object TimeCreated, Id, ProviderName, Message |
    Export-Csv -NoTypeInformation -Encoding utf8 -Path (Join-Path $out 'events.csv')
Write-Host "done: copy $out to where synfin is, and run: synfin FOLDER"
